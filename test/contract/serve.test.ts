/** `causeway serve` as a container runs it: $PORT, health, the end of it, alone or as process 1. */

import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keySubjects } from '../../events/subjects.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { streamNames } from '../../infra/bus/streams.ts';
import type { Environment } from '../../infra/config/env.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { draftOf, eventOf } from '../unit/events/samples.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus/bus-world.ts';
import {
  credentials,
  failedServe,
  type Served,
  type ServeOptions,
  type Site,
  serveProcess,
  silentSite,
  writeDocuments,
} from './serve/process.ts';

let nats: BusWorld;
let bus: Bus;
let dir: string;
let file: string;
let site: Site;
let env: Environment;
let served: Served | undefined;

beforeAll(async () => {
  nats = await startBusWorld();
  bus = await nats.connect();
  env = { ...credentials, CAUSEWAY_NATS_URL: natsUrl(nats.server) };
}, setupMs);
afterAll(() => nats?.stop());

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-serve-'));
  site = await silentSite();
  file = await writeDocuments(dir, site.server.port);
});
afterEach(async () => {
  served?.child.kill('SIGKILL');
  await served?.ended;
  served = undefined;
  await nats.server.start();
  await site.server.close(0);
  await rm(dir, { recursive: true, force: true });
});

async function serve(options: Partial<ServeOptions> = {}): Promise<Served> {
  served = await serveProcess({ args: ['replicate', '-f', file], env, port: await freePort(), ...options });
  return served;
}

/** Of a version that the site does not have. */
const put = (key: string) => eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', key), key);

/** Events about the key that the stream holds. */
async function onStream(key: string): Promise<string[]> {
  const found = await Promise.all(
    keySubjects('photos', key).map((subjects_filter) =>
      bus.manager.streams.info(streamNames.events, { subjects_filter }),
    ),
  );
  return found.flatMap(({ state }) => Object.keys(state.subjects ?? {}));
}

test('it listens on $PORT, at every address, and is healthy', async () => {
  const port = await freePort();
  const { document, status } = await serve({ port });

  expect(document).toEqual({ function: 'replicate', host: '0.0.0.0', port });
  expect([await status('/health/liveness'), await status('/health/readiness')]).toEqual([200, 200]);
});

test('what it emitted is on the stream when it answers', async () => {
  const { send } = await serve();
  site.answer();
  const answer = await send(put('emitted.jpg'));

  expect(answer.status).toBe(202);
  expect(await onStream('emitted.jpg')).toEqual([
    expect.stringMatching(/^causeway\.link\.photos_paris_tokyo\.delete-due-v1\./),
  ]);
});

test('while NATS is away it is alive and not ready, and ready again when NATS is back', async () => {
  const { status } = await serve();
  await nats.server.stop();
  await expect.poll(() => status('/health/readiness'), { timeout: 10_000 }).toBe(503);
  expect(await status('/health/liveness')).toBe(200);
  await nats.server.start();

  await expect.poll(() => status('/health/readiness'), { timeout: 10_000 }).toBe(200);
});

test('a stream that was lost is made again', async () => {
  await serve();
  await bus.manager.streams.delete(streamNames.events);

  await expect
    .poll(() => bus.manager.streams.info(streamNames.events).then(({ config }) => config.name), {
      timeout: 15_000,
    })
    .toBe(streamNames.events);
});

describe('when it is told to stop', () => {
  test('it answers what is under way, takes no more, and exits with 0', async () => {
    const { child, send, status, ended } = await serve();
    const answered = send(put('under-way.jpg'));
    answered.catch(() => undefined);
    await site.asked;
    child.kill('SIGTERM');
    const isOpen = () =>
      status('/health/liveness').then(
        () => true,
        () => false,
      );
    await expect.poll(isOpen, { timeout: 10_000 }).toBe(false);
    await expect(send(put('late.jpg'))).rejects.toThrow();
    site.answer();

    expect((await answered).status).toBe(202);
    expect(await ended).toEqual([0, null]);
    expect(await onStream('under-way.jpg')).toHaveLength(1);
  });

  test('it exits with 0 within ten seconds, though a site never answers', async () => {
    const { child, send, ended } = await serve();
    send(put('never.jpg')).catch(() => undefined);
    await site.asked;
    const began = Date.now();
    child.kill('SIGTERM');

    expect(await ended).toEqual([0, null]);
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  test('it exits with 0 while NATS is away', async () => {
    const { child, ended, status } = await serve();
    await nats.server.stop();
    await expect.poll(() => status('/health/readiness'), { timeout: 10_000 }).toBe(503);
    child.kill('SIGTERM');

    expect(await ended).toEqual([0, null]);
  });

  const under = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
  const hasNamespaces = spawnSync(under[0] ?? '', [...under.slice(1), 'true']).status === 0;
  test.runIf(hasNamespaces)('as process 1 too, which no signal ends by itself', async () => {
    const { child, ended, status } = await serve({ under });
    expect(await status('/health/readiness')).toBe(200);
    // The signal is for process 1 of the namespace, which is the only child of what made it.
    const inside = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    process.kill(Number(inside), 'SIGTERM');

    expect(await ended).toEqual([0, null]);
  });
});

describe('what it cannot run it explains', () => {
  test('a function that does not exist: usage, with those that do', async () => {
    const { words, code } = await failedServe(['replicat', '-f', file], env);

    expect([code, words]).toEqual([2, expect.stringContaining('replicate, replicate-many, ')]);
  });

  test('no function', async () => {
    expect((await failedServe(['-f', file], env)).code).toBe(2);
  });

  test('documents that are not there', async () => {
    const { words, code } = await failedServe(['replicate', '-f', join(dir, 'nothing.yaml')], env);

    expect([code, words]).toEqual([1, expect.stringContaining('nothing.yaml')]);
  });

  test('a NATS that is not there', async () => {
    const url = `nats://127.0.0.1:${await freePort()}`;
    const { words, code } = await failedServe(['replicate', '-f', file, '--nats', url], env);

    expect([code, words]).toEqual([1, expect.stringContaining('cannot use NATS')]);
  });

  test('a port that is taken', async () => {
    const { words, code } = await failedServe(['replicate', '-f', file, '--host', '127.0.0.1'], {
      ...env,
      PORT: String(site.server.port),
    });

    expect([code, words]).toEqual([1, expect.stringContaining('EADDRINUSE')]);
  });
});
