/** The `causeway` command under a Node that is too old: it becomes the program, for those who run and who end it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';

const LAUNCHER = fileURLToPath(new URL('../../infra/cli/causeway.mjs', import.meta.url));
const oldNode = findOldNode();
/** Stands for main.ts: tells which Node it runs on, waits, and ends with a code for each signal. */
const MAIN = `
process.on('SIGTERM', () => process.exit(7));
process.on('SIGINT', () => process.exit(3));
process.exitCode = 5;
console.log(JSON.stringify([process.pid, process.version, process.argv.slice(2)]));
if (process.argv[2] === 'wait') setInterval(() => {}, 1000);
if (process.argv[2] === 'abort') setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
`;

let dir: string;
let launcher: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-launcher-'));
  launcher = join(dir, 'infra/cli/causeway.mjs');
  await mkdir(join(dir, 'infra/cli'), { recursive: true });
  await mkdir(join(dir, 'node_modules/.bin'), { recursive: true });
  await copyFile(LAUNCHER, launcher);
  await writeFile(join(dir, 'infra/cli/main.ts'), MAIN);
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  await symlink(process.execPath, join(dir, 'node_modules/.bin/node'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function findOldNode(): string | undefined {
  const candidates = (environment.PATH ?? '').split(delimiter).map((path) => join(path, 'node'));
  return candidates.find((node) =>
    /^v(1\d|2[0-3])\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
  );
}

async function start(
  node: string,
  ...args: string[]
): Promise<{ launched: ChildProcess; pid: number; said: unknown[] }> {
  const launched = spawn(node, [launcher, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(launched.stdout, 'data');
  const [pid, ...said] = JSON.parse(String(line));
  return { launched, pid, said };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('is the program itself under a Node that will do', async () => {
  const { launched, pid } = await start(process.execPath, 'status');

  expect(pid).toBe(launched.pid);
  expect(await once(launched, 'exit')).toEqual([5, null]);
});

test('keeps what was compiled, for the next start', async () => {
  const compiled = join(dir, 'node_modules/.cache/causeway');
  await rm(compiled, { recursive: true, force: true });

  const { launched } = await start(process.execPath);
  await once(launched, 'exit');

  const kept = (await readdir(compiled, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  expect(kept).not.toEqual([]);
});

test('runs where nothing can be kept', async () => {
  const cache = join(dir, 'node_modules/.cache');
  await rm(cache, { recursive: true, force: true });
  await writeFile(cache, 'not a directory');

  const { launched, said } = await start(process.execPath, 'status');

  expect(said).toEqual([process.version, ['status']]);
  expect(await once(launched, 'exit')).toEqual([5, null]);
  await rm(cache);
});

describe.skipIf(oldNode === undefined)('under an older Node', () => {
  const node = oldNode ?? '';

  test('runs under the carried one, with the same arguments and exit code', async () => {
    const { launched, said } = await start(node, 'explain', 'paris/photos/a cat.jpg');

    expect(said).toEqual([process.version, ['explain', 'paris/photos/a cat.jpg']]);
    expect(await once(launched, 'exit')).toEqual([5, null]);
  });

  test.each([
    ['SIGINT', 3],
    ['SIGTERM', 7],
  ] as const)('passes %s on', async (signal, code) => {
    const { launched } = await start(node, 'wait');
    launched.kill(signal);

    expect(await once(launched, 'exit')).toEqual([code, null]);
  });

  test('ends by the signal that ended the program', async () => {
    const { launched } = await start(node, 'abort');

    expect(await once(launched, 'exit')).toEqual([null, 'SIGKILL']);
  });

  test('does not leave the program behind when it is killed', async () => {
    const { launched, pid } = await start(node, 'wait');
    launched.kill('SIGKILL');

    await expect.poll(() => isAlive(pid), { timeout: 2_000 }).toBe(false);
  });

  test('says what to do where nothing is installed', async () => {
    const bare = join(dir, 'bare/infra/cli');
    await mkdir(bare, { recursive: true });
    await copyFile(LAUNCHER, join(bare, 'causeway.mjs'));
    const { status, stderr } = spawnSync(node, [join(bare, 'causeway.mjs')], { encoding: 'utf8' });

    expect(status).toBe(1);
    expect(stderr).toMatch(/^causeway runs on Node 24 or newer and this is v\d+.*: run `npm ci` in .*bare\//);
  });
});
