#!/usr/bin/env node
/**
 * The `causeway` command. Under Node 24 or newer it is the program; under an older Node it runs itself again
 * with the Node that Causeway carries, passes signals on to it and ends as it ends.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) {
  endWithParent();
  await keepCompiled();
  await import('./main.ts');
} else {
  runWithCarriedNode();
}

/** To compile what is imported takes most of a start. It is kept where nobody else may write: it is code that is run. */
async function keepCompiled() {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/causeway', import.meta.url)));
}

/** Started over a channel, this process is told by its closing that its parent has gone, however that went. */
function endWithParent() {
  if (process.channel === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

function runWithCarriedNode() {
  const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  if (!existsSync(node)) {
    console.error(
      `causeway runs on Node ${NODE_MAJOR} or newer and this is ${process.version}: run \`npm ci\` in ` +
        `${fileURLToPath(new URL('../../', import.meta.url))}, or install Node ${NODE_MAJOR}`,
    );
    process.exitCode = 1;
    return;
  }
  // In a process group of its own: the terminal's Ctrl-C reaches it once, by being passed on, not twice.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    console.error(`causeway: ${node} could not be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    for (const passed of signals) process.removeAllListeners(passed);
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}
