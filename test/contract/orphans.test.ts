/** Servers do not outlive the process that started them, however that ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { findBinary } from '../../infra/sites/binaries.ts';

const sites = new URL('../../infra/sites/', import.meta.url).href;
let dir: string;
let binaries: { nats: string; minio: string };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-orphans-'));
  binaries = {
    nats: await findBinary('nats-server', environment, console.error),
    minio: await findBinary('minio', environment, console.error),
  };
}, 40 * 60_000);

afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

/** A process that starts both servers, tells their process IDs, and then ends as told. */
async function startedBy(
  ending: string,
): Promise<{ pids: number[]; end: () => void; ended: Promise<unknown> }> {
  const where = await mkdtemp(join(dir, 'run-'));
  const script = `
    import { startNats } from ${JSON.stringify(`${sites}nats-server.ts`)};
    import { startMinio } from ${JSON.stringify(`${sites}minio-server.ts`)};
    const nats = await startNats({ binary: ${JSON.stringify(binaries.nats)}, dir: ${JSON.stringify(join(where, 'nats'))} });
    const minio = await startMinio({ binary: ${JSON.stringify(binaries.minio)}, dir: ${JSON.stringify(join(where, 'minio'))}, name: 'paris' });
    console.log(JSON.stringify([nats.pid, minio.pid]));
    ${ending}
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stderr = text(parent.stderr);
  const ended = once(parent, 'exit');
  const [line] = await Promise.race([once(parent.stdout, 'data'), ended.then(async () => [await stderr])]);
  return { pids: JSON.parse(String(line)), end: () => parent.kill('SIGKILL'), ended };
}

/** Those that run; one that has ended, and that nobody has asked about since (a zombie), does not. */
function alive(pids: number[]): number[] {
  return pids.filter((pid) => {
    try {
      process.kill(pid, 0);
      return !existsSync('/proc/self/stat') || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  });
}

test('SIGKILL of the parent ends them within two seconds', async () => {
  const { pids, end, ended } = await startedBy('');
  expect(alive(pids)).toEqual(pids);

  end();
  await ended;

  await expect.poll(() => alive(pids), { timeout: 2_000, interval: 50 }).toEqual([]);
}, 60_000);

test('an error that nobody catches ends them too', async () => {
  const { pids, ended } = await startedBy('setTimeout(() => { throw new Error("a bug"); }, 100);');
  await ended;

  await expect.poll(() => alive(pids), { timeout: 2_000, interval: 50 }).toEqual([]);
}, 60_000);
