/** A whole little world on one machine: NATS, and MinIO sites whose buckets announce their changes to it. */
import { join } from 'node:path';
import { rawSubject } from '../../events/subjects.ts';
import type { Environment } from '../config/env.ts';
import { Secret } from '../config/secret.ts';
import { findBinary } from './binaries.ts';
import { type MinioServer, startMinio } from './minio-server.ts';
import { type NatsServer, startNats } from './nats-server.ts';
import { type BucketSetup, setUpSite } from './setup.ts';

export interface EmbeddedSite {
  readonly name: string;
  readonly server: MinioServer;
  /** Of Causeway's own user there, with the least privileges. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: Secret;
    readonly sessionToken: undefined;
  };
}

export interface EmbeddedWorld {
  readonly nats: NatsServer;
  readonly sites: readonly EmbeddedSite[];
  /** Stops every server. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly dir: string;
  readonly sites: readonly string[];
  readonly buckets: readonly BucketSetup[];
  readonly environment: Environment;
  report(line: string): void;
}

export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedWorld> {
  const { dir, environment, report, buckets } = options;
  // One after another: a build takes both cores.
  const natsBinary = await findBinary('nats-server', environment, report);
  const minioBinary = await findBinary('minio', environment, report);
  const nats = await startNats({ binary: natsBinary, dir: join(dir, 'nats'), sites: options.sites });
  const started: MinioServer[] = [];

  async function startSite(name: string): Promise<EmbeddedSite> {
    const { host, port, siteUsers } = nats;
    const announce = { address: `${host}:${port}`, subject: rawSubject(name), ...siteUsers.get(name) };
    const server = await startMinio({ binary: minioBinary, dir: join(dir, name), name, nats: announce });
    started.push(server);
    const { accessKey, secretKey } = await setUpSite({ server, buckets, role: 'two-way' });
    const credentials = {
      accessKeyId: accessKey,
      secretAccessKey: new Secret(secretKey),
      sessionToken: undefined,
    };
    return { name, server, credentials };
  }

  const stop = async (): Promise<void> => {
    await Promise.all([...started, nats].map((server) => server.stop()));
  };
  const settled = await Promise.allSettled(options.sites.map(startSite));
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const sites = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return { nats, sites, stop };
}
