/**
 * Replication without a deployment: each function is a `causeway serve` of its own behind a Broker, `causeway sources` brings
 * it what the sites tell, and all that they tell each other goes through it. What the Broker's few tries do not bring about, the ledger does. The walk has no
 * part in it: it leaves alone what is younger than its interval.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scanDue } from '../../events/sources/schedule.ts';
import { functions } from '../../functions/index.ts';
import type { ListedVersion } from '../../functions/ports.ts';
import { createSink, type Sink } from '../../infra/bus/sink.ts';
import type { Environment } from '../../infra/config/env.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import { commandLine, type Served, serveProcess } from '../contract/serve/process.ts';
import { type Broker, startBroker } from './broker.ts';
import { credentialsOf } from './causeway-process.ts';
import { siteDocuments } from './site-documents.ts';
import { startWorld, type World } from './world.ts';

const bucket = 'photos';
const link = 'photos_east_west';
let world: World;
let broker: Broker;
let file: string;
let env: Environment;
let sink: Sink;
const served = new Map<string, Served>();
let client: S3Client;
let schedule: NodeJS.Timeout;

async function startFunction(name: string): Promise<void> {
  const process = await serveProcess({ args: [name, '-f', file], env, port: await freePort() });
  broker.trigger(name, process.url);
  served.set(name, process);
}

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: bucket }]);
  broker = await startBroker();
  const { nats } = world.embedded;
  file = join(world.dir, 'causeway.yaml');
  await writeFile(file, siteDocuments(world.embedded, { name: 'photos', spec: ['scan: { every: 1h }'] }));
  env = {
    ...credentialsOf(world.embedded),
    CAUSEWAY_NATS_URL: `nats://${nats.user}:${nats.password}@${nats.host}:${nats.port}`,
    CAUSEWAY_REQUEST_DEADLINE: '2s',
    K_SINK: broker.url,
  };
  // The first makes the streams; all at once would be a lot for a small machine.
  for (const { name } of functions) {
    await startFunction(name);
  }
  const port = await freePort();
  const sources = await serveProcess({
    main: commandLine('sources'),
    args: ['-f', file, '--listen', String(port)],
    env,
    port,
  });
  served.set('sources', sources);
  broker.deadLetterSink(`${sources.url}/undelivered`);
  sink = createSink({ url: broker.url, deadlineMs: 5_000 });
  schedule = setInterval(() => {
    sink.publish([{ event: scanDue(link, 1000, Date.now()) }]).catch(() => undefined);
  }, 1000);
  const [east] = world.embedded.sites;
  if (!east) throw new Error('no site');
  client = rootClient(east.server);
}, 40 * 60_000);

afterAll(async () => {
  clearInterval(schedule);
  client?.destroy();
  for (const { child, ended } of served.values()) {
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
  await Promise.all([sink?.close(), broker?.close()]);
  await world?.stop();
});

const put = async (Key: string, Body = 'a cat'): Promise<string> =>
  (await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))).VersionId ?? '';

const listed = async (site: string): Promise<readonly Omit<ListedVersion, 'replica'>[]> =>
  (await world.store(site).list(bucket, { prefix: '', limit: 1000 })).versions.map(
    ({ replica: _, ...version }) => version,
  );

async function sitesAgree(): Promise<void> {
  const wanted = await listed('east');
  await expect.poll(() => listed('west'), { timeout: 60_000, interval: 500 }).toEqual(wanted);
}

test('versions, markers, purges and tags reach the target through the Broker', async () => {
  await put('with space/ünï 😀.jpg');
  const purged = await put('purged.jpg');
  const tagged = await put('tagged.jpg');
  await put('hidden.jpg');
  await sitesAgree();
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'purged.jpg', VersionId: purged }));
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'hidden.jpg' }));
  const Tagging = { TagSet: [{ Key: 'kind', Value: 'cat' }] };
  await client.send(
    new PutObjectTaggingCommand({ Bucket: bucket, Key: 'tagged.jpg', VersionId: tagged, Tagging }),
  );

  await sitesAgree();
  expect(await listed('west')).toHaveLength(4);
  expect(broker.taken.get('dev.causeway.version.sent.v1')).toBeGreaterThanOrEqual(4);
});

test('what is written while the target is down waits in the ledger, and arrives when it is back', async () => {
  const target = world.embedded.sites[1]?.server;
  await target?.kill();
  const versionId = await put('while-down.jpg');
  await expect.poll(() => broker.retried, { timeout: 30_000 }).toContain('while-down.jpg');
  await target?.start();

  await sitesAgree();
  expect((await listed('west')).map((version) => version.versionId)).toContain(versionId);
  expect(broker.givenUp).toEqual([]);
});

test('what the Broker gives up, since a function is gone, arrives when it is back', async () => {
  const gone = served.get('replicate');
  gone?.child.kill('SIGKILL');
  await gone?.ended;
  await put('undelivered.jpg');
  await expect
    .poll(() => broker.givenUp, { timeout: 30_000 })
    .toContain('com.amazonaws.s3.ObjectCreated:Put undelivered.jpg');
  await startFunction('replicate');

  await sitesAgree();
  expect(broker.givenUp.filter((words) => words.startsWith('lost'))).toEqual([]);
});
