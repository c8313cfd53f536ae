/**
 * A MinIO site that notifies `causeway up` by webhook, as where its servers may not reach NATS: what it writes is
 * replicated, also what it wrote while NATS was down. The walk comes too late to have brought it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bus, connectBus } from '../../infra/bus/connection.ts';
import { streamNames } from '../../infra/bus/streams.ts';
import { environment } from '../../infra/config/env.ts';
import { Secret } from '../../infra/config/secret.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { type MinioServer, startMinio } from '../../infra/sites/minio-server.ts';
import { type NatsServer, natsUrl, startNats } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { rootClient, setUpSite } from '../../infra/sites/setup.ts';
import { openStore, type Store } from '../../infra/stores/index.ts';

const token = 'a-token-of-enough-characters';
const launcher = fileURLToPath(new URL('../../infra/cli/causeway.mjs', import.meta.url));
let dir: string;
let nats: NatsServer;
let paris: MinioServer;
let tokyo: MinioServer;
let replicas: Store;
let bus: Bus;
let gateway: string;
let causeway: ChildProcess;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-webhook-'));
  const find = (tool: 'minio' | 'nats-server') => findBinary(tool, environment, console.error);
  nats = await startNats({ binary: await find('nats-server'), dir: join(dir, 'nats') });
  const port = await freePort();
  gateway = `http://127.0.0.1:${port}`;
  const binary = await find('minio');
  paris = await startMinio({
    binary,
    dir: join(dir, 'paris'),
    name: 'paris',
    webhook: {
      endpoint: `${gateway}/webhook/paris`,
      authToken: `Bearer ${token}`,
      queueDir: join(dir, 'paris', 'events'),
    },
  });
  tokyo = await startMinio({ binary, dir: join(dir, 'tokyo'), name: 'tokyo' });
  const buckets = [{ name: 'photos' }];
  const access = {
    PARIS: await setUpSite({ server: paris, buckets, role: 'source' }),
    TOKYO: await setUpSite({ server: tokyo, buckets, role: 'target' }),
  };
  replicas = openStore({
    site: 'tokyo',
    endpoint: tokyo.endpoint,
    region: tokyo.region,
    dialect: 'minio',
    credentials: { accessKeyId: tokyo.rootUser, secretAccessKey: tokyo.rootPassword },
    deadlines: { requestMs: 5_000, putMs: 10_000 },
  });
  const login = { user: nats.user, password: new Secret(nats.password) };
  bus = await connectBus({ servers: [`${nats.host}:${nats.port}`], tls: false, login });
  const credentials = Object.entries(access).flatMap(([name, { accessKey, secretKey }]) => [
    [`${name}_ACCESS_KEY_ID`, accessKey],
    [`${name}_SECRET_ACCESS_KEY`, secretKey],
  ]);
  causeway = await startCauseway(port, Object.fromEntries(credentials));
}, 40 * 60_000);

afterAll(async () => {
  if (causeway?.exitCode === null) {
    causeway.kill('SIGTERM');
    await once(causeway, 'exit');
  }
  await Promise.all([bus?.close(), replicas?.close()]);
  await Promise.all([paris?.stop(), tokyo?.stop(), nats?.stop()]);
  await rm(dir, { recursive: true, force: true });
});

async function startCauseway(port: number, credentials: Record<string, string>): Promise<ChildProcess> {
  const site = ({ name, endpoint }: MinioServer): string => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: ${endpoint} }
  credentials: { env: ${name.toUpperCase()} }
  events: { minio: { via: webhook } }
`;
  const rule = `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: photos }
spec:
  source: { site: paris, bucket: photos }
  targets: [{ site: tokyo, bucket: photos }]
  direction: one-way
  scan: { every: 1h }
`;
  const file = join(dir, 'causeway.yaml');
  await writeFile(file, [site(paris), site(tokyo), rule].join('---\n'));
  const child = spawn(process.execPath, [launcher, 'up', '-f', file, '--listen', String(port), '--json'], {
    env: {
      ...environment,
      ...credentials,
      CAUSEWAY_LOG: environment.CAUSEWAY_TEST_LOG ?? 'fatal',
      CAUSEWAY_NATS_URL: natsUrl(nats),
      CAUSEWAY_WEBHOOK_TOKEN: token,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`causeway up ended with ${code}`)),
  );
  ended.catch(() => undefined);
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  return child;
}

async function put(key: string): Promise<string> {
  const client = rootClient(paris);
  const made = await client.send(new PutObjectCommand({ Bucket: 'photos', Key: key, Body: 'a cat' }));
  client.destroy();
  return made.VersionId ?? '';
}

const stateAt = async (key: string, versionId: string): Promise<string> =>
  (await replicas.look({ bucket: 'photos', key, versionId })).state;

/** Events of the site that the stream holds. */
const held = async (): Promise<number> => {
  const query = { subjects_filter: 'causeway.object.paris.>' };
  const { state } = await bus.manager.streams.info(streamNames.events, query);
  return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
};

const send = (body: string, headers: Record<string, string>, path = '/webhook/paris'): Promise<Response> =>
  fetch(`${gateway}${path}`, { method: 'POST', body, headers });
const right = { authorization: `Bearer ${token}` };
const notification = (key: string): string =>
  JSON.stringify({
    Records: [
      {
        eventName: 's3:ObjectCreated:Put',
        eventTime: new Date().toISOString(),
        s3: {
          bucket: { name: 'photos' },
          object: { key, versionId: '11111111-1111-4111-8111-111111111111' },
        },
      },
    ],
  });

test('what a client writes is told by MinIO and replicated', async () => {
  const versionId = await put('with space/ünï.jpg');

  await expect.poll(() => stateAt('with space/ünï.jpg', versionId), { timeout: 15_000 }).toBe('object');
});

test('a wrong token is refused, and nothing is published', async () => {
  const before = await held();
  const answer = await send(notification('a.jpg'), { authorization: 'Bearer not-the-token-at-all' });

  expect(answer.status).toBe(401);
  expect(await held()).toBe(before);
});

test('with the right token the event is on the stream by the time of the answer', async () => {
  const before = await held();
  const answer = await send(notification('b.jpg'), right);

  expect(answer.status).toBe(200);
  expect(await held()).toBe(before + 1);
});

test('what cannot be taken is answered in words', async () => {
  const large = await send('x'.repeat(2 * 1024 * 1024), right);
  const broken = await send('{"Records":[]}', right);
  const nowhere = await send(notification('c.jpg'), right, '/webhook/nowhere');
  const look = await fetch(`${gateway}/webhook/paris`, { method: 'HEAD', headers: right });

  expect([large.status, broken.status, nowhere.status, look.status]).toEqual([413, 202, 404, 200]);
  expect(await broken.text()).toContain('Records');
});

test('while NATS is down nothing is taken; MinIO keeps its own and delivers it later', async () => {
  await nats.stop();
  const refused = await send(notification('d.jpg'), right);
  const versionId = await put('while-down.jpg');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');

  await nats.start();

  await expect.poll(() => stateAt('while-down.jpg', versionId), { timeout: 30_000 }).toBe('object');
});
