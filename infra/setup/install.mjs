/**
 * Installs what `npm start` and `npm test` need, if it is not there: called before both, so it is plain
 * JavaScript for whatever Node the machine has, and imports nothing that is yet to be installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const DEADLINE_MS = 15 * 60_000;
const root = fileURLToPath(new URL('../../', import.meta.url));
const carriedNode = join(root, 'node_modules/.bin/node');

if (!isInstalled()) install();
requireNode();

/** Whether node_modules holds what package-lock.json names: what npm wrote down at its end says so. */
function isInstalled() {
  const wanted = packagesIn('package-lock.json');
  const have = packagesIn('node_modules/.package-lock.json');
  if (wanted === undefined) fail('package-lock.json is missing or damaged: get it back from the repository.');
  if (have === undefined) return false;
  return Object.entries(wanted).every(([path, { version, optional, os, cpu }]) => {
    const isForHere = fits(os, process.platform) && fits(cpu, process.arch);
    if (have[path] === undefined) return path === '' || (optional === true && !(isForHere && isNode(path)));
    return have[path].version === version;
  });
}

/** Node itself is optional only where there is none to carry. */
function isNode(path) {
  return path.startsWith('node_modules/node-');
}

function fits(allowed, value) {
  return allowed === undefined || allowed.includes(value);
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  const started = Date.now();
  say('installing packages (npm ci), some seconds, once …');
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--no-engine-strict'];
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  // The npm and Node that run this script's npm: the Node in node_modules is about to be replaced.
  const [command, before] = npm?.endsWith('.js') ? [node ?? process.execPath, [npm]] : ['npm', []];
  const { error, status, stdout, stderr } = spawnSync(command, [...before, ...args, '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    timeout: DEADLINE_MS,
  });
  if (status !== 0) {
    const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
    const why = error === undefined ? `npm ci ended with code ${status}` : `npm ci: ${error.message}`;
    fail(
      `the packages could not be installed. ${why}.\n${said}\nCheck the network and npm's registry, then try again.`,
    );
  }
  say(`installed packages in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** npm scripts find the carried Node first, then the machine's. */
function requireNode() {
  if (existsSync(carriedNode)) {
    const { status, stdout } = spawnSync(carriedNode, ['--version'], { encoding: 'utf8', timeout: 30_000 });
    if (status === 0 && majorOf(stdout) >= NODE_MAJOR) return;
    // It does not run here (it wants glibc, say) and would be found before one that does.
    rmSync(carriedNode, { force: true });
  }
  const version = spawnSync('node', ['--version'], { encoding: 'utf8', timeout: 30_000 }).stdout ?? '';
  if (majorOf(version) >= NODE_MAJOR) return;
  fail(
    `Causeway runs on Node ${NODE_MAJOR} or newer, and this machine has ${version.trim() || 'none'}. It carries its own ` +
      `for Linux on x64 only; here (${process.platform} on ${process.arch}) install Node ${NODE_MAJOR}: https://nodejs.org/en/download`,
  );
}

function majorOf(version) {
  return Number(/^v?(\d+)/.exec(version)?.[1] ?? 0);
}

function say(line) {
  console.error(`causeway: ${line}`);
}

function fail(message) {
  say(message);
  process.exit(1);
}
