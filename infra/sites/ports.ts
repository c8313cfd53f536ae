/**
 * Free loopback ports for embedded servers.
 *
 * They are taken below the range the kernel gives to outgoing connections (from 32768 on Linux): a server
 * that is stopped and started again keeps its port, and in between no client's own connection can sit on it.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const FIRST_PORT = 15_000;
const LAST_PORT = 29_999;
const TRIES = 200;

/** A port of 127.0.0.1 that nothing listens on at this moment. */
export async function freePort(except: ReadonlySet<number> = new Set()): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (!except.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port found on 127.0.0.1 between ${FIRST_PORT} and ${LAST_PORT}`);
}

/** Several free ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const taken = new Set<number>();
  while (taken.size < count) taken.add(await freePort(taken));
  return [...taken];
}

/** A server that listens there already would answer for the one to be started. */
export async function checkPort(name: string, port: number): Promise<void> {
  if (!(await isFree(port))) throw new Error(`${name}: port ${port} of 127.0.0.1: address already in use`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
