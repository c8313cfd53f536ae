/**
 * A real MinIO site and the raw stream that both its NATS targets publish on: what it notifies, byte for byte. Whoever
 * records works below a folder of his own, by which his notifications are found.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rawSubject } from '../../../events/subjects.ts';
import { type Bus, connectBus } from '../../../infra/bus/connection.ts';
import { ensureStreams, streamNames } from '../../../infra/bus/streams.ts';
import { environment } from '../../../infra/config/env.ts';
import { Secret } from '../../../infra/config/secret.ts';
import { findBinary } from '../../../infra/sites/binaries.ts';
import { startMinio } from '../../../infra/sites/minio-server.ts';
import { startNats } from '../../../infra/sites/nats-server.ts';
import { announceChanges, createBucket, rootClient } from '../../../infra/sites/setup.ts';
import { wire } from '../../../infra/stores/wire.ts';
import { type S3, s3Over } from './s3.ts';
import { signedForm } from './uploads.ts';

export const site = 'paris';
export const buckets = { versioned: 'photos', locked: 'records', unversioned: 'scratch' } as const;

export interface Recorder {
  /** What an ordinary client asks of the site. */
  readonly s3: S3;
  /** A browser's upload. */
  postForm(bucket: string, key: string, content: string): Promise<Response>;
  /** Every message below the folder, oldest first; all without one. */
  messages(folder?: string): Promise<string[]>;
  /** The same, once there are `count` of them; throws when there are more, or too few for long. */
  heard(folder: string, count: number): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startRecorder(): Promise<Recorder> {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-notifications-'));
  const natsBinary = await findBinary('nats-server', environment, console.error);
  const binary = await findBinary('minio', environment, console.error);
  const nats = await startNats({ binary: natsBinary, dir: join(dir, 'nats') });
  const { host, port, user, password } = nats;
  const login = { user, password: new Secret(password) };
  const bus = await connectBus({ servers: [`${host}:${port}`], tls: false, login });
  // Nobody consumes the raw stream here, so everything stays on it.
  await ensureStreams(bus, { links: [], sites: [] });
  const minio = await startMinio({
    binary,
    dir: join(dir, site),
    name: site,
    // Notifications carry the user's name: one that says nothing, so that they may be kept.
    rootUser: 'photographer',
    nats: { address: `${host}:${port}`, user, password, subject: rawSubject(site) },
  });
  const credentials = { accessKeyId: minio.rootUser, secretAccessKey: minio.rootPassword };
  const connection = wire({ site, endpoint: minio.endpoint, region: minio.region, credentials });
  const s3 = s3Over(connection);
  const root = rootClient(minio);
  await createBucket(root, { name: buckets.versioned });
  await createBucket(root, { name: buckets.locked, objectLock: true });
  await s3.ask({ method: 'PUT', bucket: buckets.unversioned });
  for (const bucket of Object.values(buckets)) await announceChanges(root, bucket, minio.notificationArns);
  root.destroy();

  const stored = reader(bus);
  const messages = async (folder?: string): Promise<string[]> => {
    const texts = await stored();
    return folder === undefined ? texts : texts.filter((text) => keyOf(text).startsWith(`${folder}/`));
  };
  return {
    s3,
    postForm: (bucket, key, content) =>
      fetch(`${minio.endpoint}/${bucket}`, {
        method: 'POST',
        body: signedForm(credentials, bucket, key, content),
      }),
    messages,
    async heard(folder, count) {
      // The safe target looks into its queue every three seconds.
      const deadline = Date.now() + 30_000;
      for (;;) {
        const found = await messages(folder);
        if (found.length === count) return found;
        if (found.length > count || Date.now() > deadline) {
          throw new Error(`${found.length} messages below ${folder}, not ${count}:\n${found.join('\n')}`);
        }
        await sleep(250);
      }
    },
    async stop() {
      await Promise.all([connection.close(), bus.close()]);
      await Promise.all([minio.stop(), nats.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Reads what came since the last time, one reading at a time. */
function reader({ manager }: Bus): () => Promise<string[]> {
  const texts: string[] = [];
  let next = 0;
  let reading = Promise.resolve();
  const read = async (): Promise<void> => {
    const { first_seq, last_seq } = (await manager.streams.info(streamNames.raw)).state;
    next = Math.max(next, first_seq);
    for (; next <= last_seq; next++) {
      const message = await manager.streams.getMessage(streamNames.raw, { seq: next });
      if (message) texts.push(message.string());
    }
  };
  return async () => {
    reading = reading.then(read);
    await reading;
    return [...texts];
  };
}

/** The top-level Key is `bucket/key`, unescaped. */
function keyOf(text: string): string {
  const { Key }: { Key: string } = JSON.parse(text);
  return Key.slice(Key.indexOf('/') + 1);
}
