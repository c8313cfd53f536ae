/** Real servers and a real deployment in this process, for one test file: NATS, MinIO sites, Causeway between them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Link } from '../../functions/ports.ts';
import { type Bus, connectBus } from '../../infra/bus/connection.ts';
import { environment } from '../../infra/config/env.ts';
import { Secret } from '../../infra/config/secret.ts';
import { type Deployment, startDeployment } from '../../infra/host/deployment.ts';
import { systemClock } from '../../infra/host/system-clock.ts';
import { type EmbeddedWorld, startEmbedded } from '../../infra/sites/embedded.ts';
import type { BucketSetup } from '../../infra/sites/setup.ts';
import { openStore, type Store } from '../../infra/stores/index.ts';
import { createLogger } from '../../infra/telemetry/log.ts';
import { createTelemetry, type Telemetry } from '../../infra/telemetry/metrics.ts';

export interface World {
  readonly dir: string;
  readonly embedded: EmbeddedWorld;
  readonly stores: ReadonlyMap<string, Store>;
  /** Causeway's store at a site. */
  store(site: string): Store;
  /** `own`: stores to use in place of the world's. */
  deploy(links: readonly Link[], own?: ReadonlyMap<string, Store>): Promise<Running>;
  stop(): Promise<void>;
}

export interface Running {
  readonly deployment: Deployment;
  readonly telemetry: Telemetry;
  readonly bus: Bus;
  stop(): Promise<void>;
}

export const deadlines = { requestMs: 5_000, putMs: 10_000 };

export async function startWorld(sites: readonly string[], buckets: readonly BucketSetup[]): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-e2e-'));
  const report = (line: string): void => console.error(line);
  const embedded = await startEmbedded({ dir, sites, buckets, environment, report });
  const stores = new Map(
    embedded.sites.map(({ name, server, credentials }) => [
      name,
      openStore({
        site: name,
        endpoint: server.endpoint,
        region: server.region,
        dialect: 'minio',
        credentials: {
          accessKeyId: credentials.accessKeyId,
          secretAccessKey: credentials.secretAccessKey.reveal(),
        },
        deadlines,
      }),
    ]),
  );
  const store = (site: string): Store => {
    const found = stores.get(site);
    if (!found) throw new Error(`no site ${site}`);
    return found;
  };

  async function deploy(links: readonly Link[], own?: ReadonlyMap<string, Store>): Promise<Running> {
    const { nats } = embedded;
    const login = { user: nats.user, password: new Secret(nats.password) };
    const bus = await connectBus({ servers: [`${nats.host}:${nats.port}`], tls: false, login });
    const logger = createLogger(environment.CAUSEWAY_TEST_LOG === 'debug' ? 'debug' : 'fatal');
    const telemetry = createTelemetry(logger);
    const deployment = await startDeployment({
      bus,
      links,
      stores: own ?? stores,
      deadlines,
      concurrency: 32,
      clock: systemClock,
      telemetry,
      logger,
      isFresh: true,
    });
    const stop = async (): Promise<void> => {
      await deployment.stop();
      await bus.close();
    };
    return { deployment, telemetry, bus, stop };
  }

  return {
    dir,
    embedded,
    stores,
    store,
    deploy,
    async stop() {
      await Promise.all([...stores.values()].map((opened) => opened.close()));
      await embedded.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
