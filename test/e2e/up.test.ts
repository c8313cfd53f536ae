/** `causeway up` as a process: how it ends, and what it says when it cannot start. Its sites do not answer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { type NatsServer, startNats } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';

const main = fileURLToPath(new URL('../../infra/cli/main.ts', import.meta.url));
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

function up(...more: string[]) {
  const child = spawn(process.execPath, [main, 'up', '-f', join(dir, 'causeway.yaml'), ...more], {
    env: {
      ...environment,
      ANY_ACCESS_KEY_ID: 'any',
      ANY_SECRET_ACCESS_KEY: 'any-secret',
      CAUSEWAY_LOG: 'fatal',
      CAUSEWAY_NATS_URL: `nats://${nats.user}:${nats.password}@${nats.host}:${nats.port}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return { child, exited: once(child, 'exit'), words: text(child.stderr) };
}

test.each(['SIGINT', 'SIGTERM'] as const)('with nothing under way it ends at once on %s', async (signal) => {
  const { child, exited } = up('--listen', '0');
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited]);
  const began = Date.now();
  child.kill(signal);

  expect(await exited).toEqual([0, null]);
  expect(Date.now() - began).toBeLessThan(endsWithinMs);
});

test('with its port taken it says so, and leaves nothing running', async () => {
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const { exited, words } = up('--listen', String(port));

  expect(await exited).toEqual([1, null]);
  expect(await words).toBe(
    `cannot listen (--host 127.0.0.1, --listen ${port}): listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
  );
});
