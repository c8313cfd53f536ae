/** `causeway up` as a process: how it ends, and what it says when it cannot start. Its sites do not answer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { type NatsServer, natsUrl, startNats } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';

const launcher = fileURLToPath(new URL('../../infra/cli/causeway.mjs', import.meta.url));
const endsWithinMs = 5_000;
let dir: string;
let nats: NatsServer;
let taken: Server;
const children: ChildProcess[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-up-'));
  const binary = await findBinary('nats-server', environment, console.error);
  nats = await startNats({ binary, dir: join(dir, 'nats') });
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const site = async (name: string): Promise<string> => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec: { s3: { endpoint: "http://127.0.0.1:${await freePort()}" }, credentials: { env: ANY } }
`;
  const rule = `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: photos }
spec: { source: { site: paris, bucket: photos }, targets: [{ site: tokyo, bucket: photos }] }
`;
  await writeFile(join(dir, 'causeway.yaml'), [await site('paris'), await site('tokyo'), rule].join('---\n'));
}, 40 * 60_000);

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  taken?.close();
  await nats?.stop();
  await rm(dir, { recursive: true, force: true });
});

const named = (): string[] => ['--nats', natsUrl(nats), '--listen', '0'];

function causeway(command: string, more: readonly string[]) {
  const { CAUSEWAY_NATS_URL: _, ...inherited } = environment;
  const child = spawn(process.execPath, [launcher, command, '-f', join(dir, 'causeway.yaml'), ...more], {
    env: {
      ...inherited,
      ANY_ACCESS_KEY_ID: 'any',
      ANY_SECRET_ACCESS_KEY: 'any-secret',
      CAUSEWAY_LOG: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return { child, exited: once(child, 'exit'), words: text(child.stderr) };
}

/** Resolves, when it runs, with what it is and where its gateway is. */
async function running(more: readonly string[]) {
  const process = causeway('up', [...more, '--json']);
  const ended = process.exited.then(async () => Promise.reject(new Error(await process.words)));
  ended.catch(() => undefined);
  const [line] = await Promise.race([once(createInterface({ input: process.child.stdout }), 'line'), ended]);
  return { ...process, gateway: String(JSON.parse(String(line)).gateway) };
}

test.each(['SIGINT', 'SIGTERM'] as const)('with nothing under way it ends at once on %s', async (signal) => {
  const { child, exited } = await running(named());
  const began = Date.now();
  child.kill(signal);

  expect(await exited).toEqual([0, null]);
  expect(Date.now() - began).toBeLessThan(endsWithinMs);
});

test('with its port taken it says so, and leaves nothing running', async () => {
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const { exited, words } = causeway('up', [...named(), '--listen', String(port)]);

  expect(await exited).toEqual([1, null]);
  expect(await words).toBe(
    `cannot listen (--host 127.0.0.1, --listen ${port}): listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
  );
});

test('while NATS is away it is not ready, says so, and its metrics do not wait for it', async () => {
  const { child, exited, words, gateway } = await running(named());
  const readiness = async () => (await fetch(`${gateway}/health/readiness`)).status;
  expect(await readiness()).toBe(200);
  await nats.kill();
  await expect.poll(readiness).toBe(503);
  const metricsTake = async () => {
    const began = Date.now();
    expect((await fetch(`${gateway}/metrics`)).status).toBe(200);
    return Date.now() - began;
  };
  // What waits for NATS takes five seconds each time, a busy machine not.
  await expect.poll(metricsTake, { timeout: 60_000 }).toBeLessThan(4_000);
  await nats.start();
  await expect.poll(readiness, { timeout: 10_000 }).toBe(200);
  child.kill('SIGTERM');
  await exited;

  expect(await words).toContain('NATS is away');
});

describe('with an embedded NATS', () => {
  const stateOf = async () => JSON.parse(await readFile(join(dir, '.causeway', 'nats.json'), 'utf8'));

  test('a second one for the same documents is refused, and the first goes on', async () => {
    const first = await running(['--listen', '0', '--nats-port', String(await freePort())]);
    const { server } = await stateOf();
    const second = causeway('up', ['--listen', '0', '--nats-port', String(await freePort())]);

    expect(await second.exited).toEqual([1, null]);
    expect(await second.words).toContain(`causeway up runs already with ${join(dir, '.causeway')}`);
    expect((await stateOf()).server).toBe(server);
    first.child.kill('SIGTERM');
    expect(await first.exited).toEqual([0, null]);
  });

  test('what ended is started again', async () => {
    const { child, exited, gateway } = await running([
      '--listen',
      '0',
      '--nats-port',
      String(await freePort()),
    ]);
    const [server] = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).split(' ');
    process.kill(Number(server), 'SIGKILL');
    const readiness = async () => (await fetch(`${gateway}/health/readiness`)).status;
    await expect.poll(readiness).toBe(503);

    await expect.poll(readiness, { timeout: 10_000 }).toBe(200);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});
