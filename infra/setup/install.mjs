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

if (!isInstalled() || (carriesNode() && !hasNode())) install();
if (!hasNode()) fail(withoutNode());

/** Whether node_modules holds what package-lock.json names: what npm wrote down at its end says so. */
function isInstalled() {
  const wanted = locked();
  const have = packagesIn('node_modules/.package-lock.json');
  if (have === undefined) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    return have[path] === undefined ? optional === true : have[path].version === version;
  });
}

/** Whether the packages hold a Node for this kind of machine. */
function carriesNode() {
  return Object.keys(locked()).includes(`node_modules/node-${process.platform}-${process.arch}`);
}

/** Whether npm scripts find a Node that will do: the carried one, which they find first, or the machine's. */
function hasNode() {
  if (existsSync(carriedNode)) {
    if (majorOf(carriedNode) >= NODE_MAJOR) return true;
    // It does not run here (it wants glibc, say), and would be found before one that does.
    rmSync(carriedNode, { force: true });
  }
  return majorOf('node') >= NODE_MAJOR;
}

function majorOf(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  return Number(/^v(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
}

function withoutNode() {
  const here = `${process.platform} on ${process.arch}`;
  const carried = carriesNode()
    ? `the one it carries does not run here (${here})`
    : `it carries none for ${here}`;
  return (
    `Causeway runs on Node ${NODE_MAJOR} or newer: this machine's is ${process.version}, and ${carried}. ` +
    `Install Node ${NODE_MAJOR}: https://nodejs.org/en/download`
  );
}

function locked() {
  const packages = packagesIn('package-lock.json');
  if (packages === undefined)
    fail('package-lock.json is missing or damaged: get it back from the repository.');
  return packages;
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
    const said = `${stdout ?? ''}${stderr ?? ''}`
      .replaceAll(/^npm error ?/gm, '')
      .split('\n')
      .filter((line) => /^\S/.test(line))
      .slice(0, 10)
      .join('\n');
    const why = error === undefined ? `npm ci ended with code ${status}` : `npm ci: ${error.message}`;
    fail(
      `the packages could not be installed. ${why}.\n${said}\nCheck the network and npm's registry, then try again.`,
    );
  }
  say(`installed packages in ${Math.round((Date.now() - started) / 1000)} s`);
}

function say(line) {
  console.error(`causeway: ${line}`);
}

function fail(message) {
  say(message);
  process.exit(1);
}
