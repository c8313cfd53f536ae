/** install.mjs, in a small project of its own and with a script in npm's place. */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../../../infra/setup/install.mjs', import.meta.url));
const zod = (version: string) => ({ 'node_modules/zod': { version } });
const other = { 'node_modules/only-elsewhere': { version: '1.0.0', optional: true } };
/** Writes down what it was called with, and that it has installed everything. */
const NPM = `
import { copyFileSync, mkdirSync, appendFileSync } from 'node:fs';
appendFileSync('npm-was-called', process.argv.slice(2).join(' ') + '\\n');
mkdirSync('node_modules', { recursive: true });
copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
`;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-install-'));
  await mkdir(join(dir, 'infra/setup'), { recursive: true });
  await copyFile(SCRIPT, join(dir, 'infra/setup/install.mjs'));
  await write('package-lock.json', { packages: { '': { name: 'causeway' }, ...zod('4.0.0'), ...other } });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function write(file: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  await writeFile(join(dir, file), typeof content === 'string' ? content : JSON.stringify(content));
}

async function run({ npm = NPM, path = dirname(process.execPath) } = {}) {
  await write('npm.mjs', npm);
  await write('npm-cli.js', 'await import("./npm.mjs")');
  const env = { PATH: path, npm_execpath: join(dir, 'npm-cli.js'), npm_node_execpath: process.execPath };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['infra/setup/install.mjs'], {
    cwd: dir,
    env,
    encoding: 'utf8',
  });
  const calls = await readFile(join(dir, 'npm-was-called'), 'utf8').catch(() => '');
  return { status, stdout, stderr, calls };
}

test('installs by npm ci where there is nothing, and says so on standard error', async () => {
  const { status, stdout, stderr, calls } = await run();

  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  expect(stderr).toMatch(
    /^causeway: installing packages \(npm ci\).*\ncauseway: installed packages in \d+ s\n$/,
  );
  expect(calls).toMatch(/^ci --include=dev --include=optional /);
});

test('does nothing, and says nothing, where all is there but what is for other machines', async () => {
  await write('node_modules/.package-lock.json', { packages: zod('4.0.0') });

  expect(await run()).toEqual({ status: 0, stdout: '', stderr: '', calls: '' });
});

test('installs again where a version differs or an installation broke off', async () => {
  await write('node_modules/.package-lock.json', { packages: zod('3.9.9') });
  expect((await run()).calls.split('\n')).toHaveLength(2);

  await rm(join(dir, 'node_modules/.package-lock.json'));
  expect((await run()).calls.split('\n')).toHaveLength(3);
});

test('gives one message with what npm said where it fails', async () => {
  const npm =
    'console.error("npm error code ECONNREFUSED\\nnpm error\\nnpm error network down"); process.exit(1)';
  const { status, stderr } = await run({ npm });

  expect(status).toBe(1);
  expect(stderr).toContain(
    'causeway: the packages could not be installed. npm ci ended with code 1.\ncode ECONNREFUSED\nnetwork down\nCheck ',
  );
});

test('asks for Node 24 where there is none to be found', async () => {
  const { status, stderr } = await run({ path: join(dir, 'empty') });

  expect(status).toBe(1);
  expect(stderr).toMatch(/Causeway runs on Node 24 or newer: .* Install Node 24: https:\/\/nodejs\.org/);
});

test('takes the carried Node out of the way where it does not run', async () => {
  await write('node_modules/.package-lock.json', { packages: zod('4.0.0') });
  await mkdir(join(dir, 'node_modules/.bin'));
  await symlink('/etc/hostname', join(dir, 'node_modules/.bin/node'));

  expect((await run()).status).toBe(0);
  await expect(readFile(join(dir, 'node_modules/.bin/node'))).rejects.toThrow('ENOENT');
});

test('says that the lock file is damaged', async () => {
  await write('package-lock.json', '<<<<<<< HEAD');

  expect((await run()).stderr).toBe(
    'causeway: package-lock.json is missing or damaged: get it back from the repository.\n',
  );
});
