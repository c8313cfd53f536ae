/** The MinIO store while its site is away, frozen, starting or behind a gateway that has nothing behind it. */
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RetryableError, SiteUnavailableError } from '../../functions/errors.ts';
import type { ObjectStore } from '../../functions/ports.ts';
import { openStore, type Store } from '../../infra/stores/index.ts';
import { bodyOf, bytes, contentOf, newKey, newRef } from './store/fixture.ts';
import { type MinioFixture, minioFixture } from './store/minio-fixture.ts';

const deadlines = { requestMs: 500, putMs: 1_000 };
const credentials = { accessKeyId: 'access', secretAccessKey: 'the-secret' };
const ref = newRef('versioned', 'key');

/** Each call of the port that asks the site something. */
const calls: readonly (readonly [string, (store: ObjectStore) => Promise<unknown>])[] = [
  ['probe', (store) => store.probe()],
  ['bucket', (store) => store.bucket('versioned')],
  ['look', (store) => store.look(ref)],
  ['read', (store) => store.read(ref)],
  ['write', (store) => store.write(ref, contentOf(bytes('hello')))],
  ['putMarker', (store) => store.putMarker(ref, '2026-01-02T03:04:05Z')],
  ['purge', (store) => store.purge(ref)],
  ['setMetadata', (store) => store.setMetadata(ref, { tags: {} })],
  ['list', (store) => store.list('versioned', { prefix: '', limit: 1 })],
];

const opened: Store[] = [];
const storeAt = (endpoint: string): Store => {
  const store = openStore({
    site: 'paris',
    endpoint,
    region: 'us-east-1',
    credentials,
    deadlines,
    dialect: 'minio',
    connectMs: 500,
    progressMs: 500,
  });
  opened.push(store);
  return store;
};

const servers: Server[] = [];
/** A TCP server that answers each connection so. */
async function serverThat(answers: (request: string) => string | undefined): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const answer = answers(data.toString());
      if (answer !== undefined) socket.end(answer);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  for (const server of servers.splice(0)) server.close();
});

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

describe('a site that does not answer', () => {
  test.for(calls)('%s, where nothing listens', async ([, call]) => {
    const error = await failureOf(call(storeAt('http://127.0.0.1:1')));

    expect(error).toBeInstanceOf(SiteUnavailableError);
    expect(String(error)).toMatch(/site paris does not answer: .*ECONNREFUSED/);
    expect(String(error)).not.toContain('the-secret');
  });

  test.for(calls)('%s, where the name is unknown', async ([, call]) => {
    expect(await failureOf(call(storeAt('http://no-such-host.invalid')))).toBeInstanceOf(
      SiteUnavailableError,
    );
  });

  test.for(calls)('%s, where connections hang', async ([, call]) => {
    const endpoint = await serverThat(() => undefined);
    const started = performance.now();

    expect(await failureOf(call(storeAt(endpoint)))).toBeInstanceOf(SiteUnavailableError);

    expect(performance.now() - started).toBeLessThan(4_000);
  });

  test.for(calls)('%s, where a gateway has nothing behind it', async ([, call]) => {
    const page = '<html>Bad Gateway</html>';
    const endpoint = await serverThat(
      () => `HTTP/1.1 502 Bad Gateway\r\ncontent-length: ${page.length}\r\nconnection: close\r\n\r\n${page}`,
    );

    expect(await failureOf(call(storeAt(endpoint)))).toBeInstanceOf(SiteUnavailableError);
  });

  test.for(calls)('%s, where no S3 is spoken', async ([, call]) => {
    const endpoint = await serverThat(() => 'SSH-2.0-OpenSSH_9.9\r\n');

    expect(await failureOf(call(storeAt(endpoint)))).toBeInstanceOf(SiteUnavailableError);
  });

  test('TLS that nobody vouches for', async () => {
    const endpoint = await serverThat(() => undefined);

    const error = await failureOf(storeAt(endpoint.replace('http:', 'https:')).probe());

    expect(error).toBeInstanceOf(SiteUnavailableError);
  });
});

test('an object that breaks its connection is not the site’s fault', async () => {
  const endpoint = await serverThat((request) =>
    request.startsWith('HEAD / ')
      ? 'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
      : '',
  );

  const error = await failureOf(storeAt(endpoint).look(ref));

  expect(error).toBeInstanceOf(RetryableError);
  expect(error).not.toBeInstanceOf(SiteUnavailableError);
});

test('content that stops on its way ends, and says so', async () => {
  const endpoint = await serverThat((request) =>
    request.startsWith('HEAD / ')
      ? 'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
      : 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\netag: "e"\r\n\r\nhello',
  );
  const content = await storeAt(endpoint).read(ref);
  if (!content) throw new Error('absent');

  const error = await failureOf(bodyOf(content));

  expect(error).toBeInstanceOf(RetryableError);
});

describe('a MinIO that goes and comes', () => {
  let fixture: MinioFixture;
  beforeAll(async () => {
    fixture = await minioFixture();
  });
  afterAll(() => fixture?.close());

  test('is away while it is down, and there again at once', async () => {
    const { store, server } = fixture;
    const target = newRef('versioned', newKey('restart'));
    await store.write(target, contentOf(bytes('hello')));
    await server.kill();

    expect(await failureOf(store.look(target))).toBeInstanceOf(SiteUnavailableError);
    expect(await failureOf(store.probe())).toBeInstanceOf(SiteUnavailableError);

    await server.start();
    await expect.poll(() => store.look(target).catch(String)).toMatchObject({ state: 'object' });
  });

  test('is away while it is frozen, and there again at once', async () => {
    const { server } = fixture;
    const store = storeAt(server.endpoint);
    const pid = server.pid;
    if (pid === undefined) throw new Error('not running');
    const refusal = { code: 'InvalidAccessKeyId' };
    await expect.poll(() => failureOf(store.probe())).toMatchObject(refusal);

    process.kill(pid, 'SIGSTOP');
    const looks = await Promise.all(Array.from({ length: 200 }, () => failureOf(store.look(ref))));
    process.kill(pid, 'SIGCONT');

    expect(looks.every((error) => error instanceof SiteUnavailableError)).toBe(true);
    await expect.poll(() => failureOf(store.probe())).toMatchObject(refusal);
  });
});
