/** The embedded servers, real ones: started, stopped, killed and started again; and what their events do meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ListBucketsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { type MinioServer, startMinio } from '../../infra/sites/minio-server.ts';
import { type NatsServer, startNats } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { announceChanges, createBucket, rootClient } from '../../infra/sites/setup.ts';

const BUILD_DEADLINE_MS = 40 * 60_000;
const SUBJECT = 'causeway.raw.paris';

let dir: string;
let nats: NatsServer;
let minio: MinioServer;
let s3: S3Client;
let connection: NatsConnection;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-servers-'));
  const find = (tool: 'minio' | 'nats-server') => findBinary(tool, environment, console.error);
  nats = await startNats({ binary: await find('nats-server'), dir: join(dir, 'nats') });
  minio = await startMinio({
    binary: await find('minio'),
    dir: join(dir, 'paris'),
    name: 'paris',
    nats: {
      address: `${nats.host}:${nats.port}`,
      user: nats.user,
      password: nats.password,
      subject: SUBJECT,
    },
  });
  s3 = rootClient(minio);
  connection = await connect({
    servers: nats.url,
    user: nats.user,
    pass: nats.password,
    reconnectTimeWait: 50,
    maxReconnectAttempts: -1,
  });
  await (await jetstreamManager(connection)).streams.add({ name: 'RAW', subjects: ['causeway.raw.*'] });
  await createBucket(s3, { name: 'photos' });
  await announceChanges(s3, 'photos', minio.notificationArns);
}, BUILD_DEADLINE_MS);

afterAll(async () => {
  s3?.destroy();
  await connection?.close();
  await Promise.all([nats?.stop(), minio?.stop()]);
  await rm(dir, { recursive: true, force: true });
}, 30_000);

beforeEach(() => Promise.all([nats.start(), minio.start()]), 60_000);

const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: 'photos', Key, Body: 'a cat' }));

/** The keys of the events that the stream holds, in their order. */
async function announced(): Promise<string[]> {
  const { streams } = await jetstreamManager(connection);
  const { first_seq, last_seq } = (await streams.info('RAW')).state;
  const keys: string[] = [];
  for (let seq = Math.max(first_seq, 1); seq <= last_seq; seq++) {
    const message = await streams.getMessage('RAW', { seq });
    if (message) keys.push(message.json<{ Key: string }>().Key);
  }
  return keys;
}

describe('MinIO', () => {
  test('serves at once when it is ready, wants credentials, and keeps its data through stop and kill', async () => {
    for (const end of [() => minio.stop(), () => minio.kill()]) {
      await end();
      expect(minio.running).toBe(false);
      await minio.start();
      const { Buckets } = await s3.send(new ListBucketsCommand({}));
      expect(Buckets?.map(({ Name }) => Name)).toEqual(['photos']);
    }
    expect((await fetch(minio.endpoint)).status).toBe(403);
  }, 60_000);

  test('runs with four drives', async () => {
    const binary = await findBinary('minio', environment, console.error);
    const four = await startMinio({ binary, dir: join(dir, 'four'), name: 'four', drives: 4 });
    const client = rootClient(four);

    await createBucket(client, { name: 'photos', objectLock: true });

    await four.stop();
    client.destroy();
  }, 60_000);

  test('says whose port is taken', async () => {
    const binary = await findBinary('minio', environment, console.error);
    const attempt = startMinio({ binary, dir: join(dir, 'second'), name: 'tokyo', port: minio.port });

    await expect(attempt).rejects.toThrow(
      `MinIO of site tokyo: port ${minio.port} of 127.0.0.1: address already in use`,
    );
  });
});

describe('nats-server', () => {
  test('refuses a stranger', async () => {
    await expect(connect({ servers: nats.url, timeout: 2_000 })).rejects.toThrow(/authorization/i);
  });

  test('keeps port, credentials and streams through stop and kill', async () => {
    for (const end of [() => nats.stop(), () => nats.kill()]) {
      await end();
      await nats.start();
      await expect.poll(() => connection.flush().then(() => true)).toBe(true);
      expect((await (await jetstreamManager(connection)).streams.info('RAW')).config.name).toBe('RAW');
    }
  }, 60_000);
});

describe('the events of a bucket', () => {
  test('arrive by both targets, by the fast one at once', async () => {
    const before = Date.now();

    await put('cats/1.jpg');
    await expect.poll(announced, { timeout: 5_000, interval: 5 }).toEqual(['photos/cats/1.jpg']);
    const fast = Date.now() - before;
    await expect.poll(announced, { timeout: 15_000 }).toEqual(['photos/cats/1.jpg', 'photos/cats/1.jpg']);

    expect(fast).toBeLessThan(1_500);
  }, 30_000);

  test('survive a kill of NATS: writes go on, and the safe target delivers afterwards', async () => {
    await nats.kill();

    await put('cats/2.jpg');
    await nats.start();

    await expect.poll(announced, { timeout: 20_000 }).toContain('photos/cats/2.jpg');
  }, 60_000);

  test('survive a start of MinIO while NATS is down', async () => {
    await nats.kill();
    await minio.stop();
    await minio.start();

    await put('cats/3.jpg');
    await nats.start();

    await expect.poll(announced, { timeout: 20_000 }).toContain('photos/cats/3.jpg');
  }, 60_000);

  test('arrive by webhook, with the token', async () => {
    const requests: { token: string | undefined; body: string }[] = [];
    const receiver = createServer(async (request, response) => {
      requests.push({ token: request.headers.authorization, body: await text(request) });
      response.end();
    });
    const port = await freePort();
    await new Promise<void>((resolve) => receiver.listen(port, '127.0.0.1', resolve));
    const webhook = { endpoint: `http://127.0.0.1:${port}/events/tokyo`, authToken: 'Bearer a-token' };
    const binary = await findBinary('minio', environment, console.error);
    const tokyo = await startMinio({ binary, dir: join(dir, 'tokyo'), name: 'tokyo', webhook });
    const client = rootClient(tokyo);
    await createBucket(client, { name: 'photos' });
    await announceChanges(client, 'photos', tokyo.notificationArns);

    await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'dogs/1.jpg', Body: 'a dog' }));

    await expect
      .poll(() => requests, { timeout: 10_000 })
      .toContainEqual({
        token: 'Bearer a-token',
        body: expect.stringContaining('"Key":"photos/dogs/1.jpg"'),
      });
    client.destroy();
    await tokyo.stop();
    receiver.closeAllConnections();
    receiver.close();
  }, 60_000);
});
