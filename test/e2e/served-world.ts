/**
 * Two sites and NATS for functions that run as processes of their own: what a client does at the first site, and
 * whether the second holds the same. The walk has no part in it: it leaves alone what is younger than its interval.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import type { ListedVersion } from '../../functions/ports.ts';
import { connectBus } from '../../infra/bus/connection.ts';
import { readEvents } from '../../infra/bus/event-history.ts';
import type { Environment } from '../../infra/config/env.ts';
import { Secret } from '../../infra/config/secret.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import type { Served } from '../contract/serve/process.ts';
import { applicationAt } from './application.ts';
import { credentialsOf } from './causeway-process.ts';
import { siteDocuments } from './site-documents.ts';
import { startWorld, type World } from './world.ts';

const bucket = 'photos';

export interface ServedWorld {
  readonly world: World;
  /** The documents, and what a process that reads them needs in its environment. */
  readonly file: string;
  readonly env: Environment;
  /** At the first site; resolves to the version ID. */
  put(key: string): Promise<string>;
  /** A large one, whose way over takes several slices; resolves to the number of its parts. */
  putInParts(key: string): Promise<number>;
  /** How often a large one's rest was left to another request. */
  slicesOf(key: string): Promise<number>;
  /** A version, an odd key, a purge, a marker and tags: four versions are there when both sites agree on them. */
  changeAll(): Promise<void>;
  listed(site: string): Promise<readonly Omit<ListedVersion, 'replica'>[]>;
  sitesAgree(): Promise<void>;
  stop(): Promise<void>;
}

export async function startServedWorld(): Promise<ServedWorld> {
  const world = await startWorld(['east', 'west'], [{ name: bucket }]);
  const { nats, sites } = world.embedded;
  const file = join(world.dir, 'causeway.yaml');
  await writeFile(file, siteDocuments(world.embedded, { name: bucket, spec: ['scan: { every: 1h }'] }));
  const [east] = sites;
  if (!east) throw new Error('no site');
  const client: S3Client = rootClient(east.server);

  const put = async (Key: string): Promise<string> =>
    (await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'a cat' }))).VersionId ?? '';
  const listed = async (site: string): Promise<readonly Omit<ListedVersion, 'replica'>[]> =>
    (await world.store(site).list(bucket, { prefix: '', limit: 1000 })).versions.map(
      ({ replica: _, ...version }) => version,
    );
  const sitesAgree = async (): Promise<void> => {
    const wanted = await listed('east');
    await expect.poll(() => listed('west'), { timeout: 60_000, interval: 500 }).toEqual(wanted);
  };

  return {
    world,
    file,
    env: {
      ...credentialsOf(world.embedded),
      CAUSEWAY_NATS_URL: natsUrl(nats),
      CAUSEWAY_REQUEST_DEADLINE: '2s',
      // A part or two.
      CAUSEWAY_SLICE: '100ms',
    },
    put,
    async putInParts(key) {
      const parts = Array.from({ length: 12 }, () => randomBytes(5 * 1024 * 1024));
      await applicationAt(world, 'east').putInParts(bucket, key, parts);
      return parts.length;
    },
    async slicesOf(key) {
      const { host, port, user, password } = nats;
      const login = { user, password: new Secret(password) };
      const bus = await connectBus({ servers: [`${host}:${port}`], tls: false, login });
      let slices = 0;
      for await (const { event } of readEvents(bus, {})) {
        if (event?.type !== 'dev.causeway.version.due.v1') continue;
        if (event.data.key === key && event.data.reason === 'unfinished') slices += 1;
      }
      await bus.close();
      return slices;
    },
    listed,
    sitesAgree,
    async changeAll() {
      await put('with space/ünï 😀.jpg');
      const purged = await put('purged.jpg');
      const tagged = await put('tagged.jpg');
      await put('hidden.jpg');
      await sitesAgree();
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'purged.jpg', VersionId: purged }));
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'hidden.jpg' }));
      const Tagging = { TagSet: [{ Key: 'kind', Value: 'cat' }] };
      const at = { Bucket: bucket, Key: 'tagged.jpg', VersionId: tagged };
      await client.send(new PutObjectTaggingCommand({ ...at, Tagging }));
    },
    async stop() {
      client.destroy();
      await world.stop();
    },
  };
}

/** Told to stop, each ends well. */
export async function endWell(all: Iterable<Served>): Promise<void> {
  for (const { child, ended } of all) {
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
}

export async function killed({ child, ended }: Served): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}
