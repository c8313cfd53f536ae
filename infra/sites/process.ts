/**
 * A child server: started, waited for, stopped, killed; and never left behind.
 *
 * A small shell starts a watchdog beside the server and then becomes the server. The watchdog reads a pipe
 * whose other end only this process holds: however this process ends (SIGKILL too), the pipe closes and the
 * watchdog ends the server. The server has a process group of its own, so a Ctrl-C in the terminal reaches
 * only this process, which can then stop things in order.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkPort } from './ports.ts';

const WATCHDOG_THEN_SERVER = `
( read -r stopped <&3 || { kill -TERM $$; sleep 1; kill -KILL $$; } ) >/dev/null 2>&1 &
exec "$@" 3<&-`;

const TAIL_CHARACTERS = 8_000;
const PROBE_EVERY_MS = 25;
const PROBE_DEADLINE_MS = 2_000;
const DEATH_DEADLINE_MS = 5_000;

export interface ProcessOptions {
  /** What messages call it. */
  readonly name: string;
  readonly binary: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The port it will listen on, of 127.0.0.1. */
  readonly port: number;
  /** Answers true once the server serves; asked again and again; an error counts as "not yet". */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
  readonly readyWithinMs?: number;
  /** Strings that must never show in messages. */
  readonly secrets?: readonly string[];
}

export interface ServerProcess {
  readonly pid: number;
  readonly running: boolean;
  /** Resolves when it has ended, whatever the reason. */
  readonly exited: Promise<void>;
  /** The last of what it wrote, without secrets. */
  output(): string;
  /** SIGTERM, then SIGKILL after the deadline. */
  stop(withinMs?: number): Promise<void>;
  /** SIGKILL, at once. */
  kill(): Promise<void>;
}

/** Starts a server and resolves once it is ready; rejects, with its last output, if it ends or takes too long. */
export async function startProcess(options: ProcessOptions): Promise<ServerProcess> {
  const { name, port, isReady, readyWithinMs = 30_000 } = options;
  await checkPort(name, port);
  const server = launch(options);
  const deadline = Date.now() + readyWithinMs;
  while (server.running) {
    const left = deadline - Date.now();
    if (left <= 0) {
      await server.kill();
      throw new Error(`${name} was not ready within ${readyWithinMs} ms. ${said(server.output())}`);
    }
    const signal = AbortSignal.timeout(Math.min(left, PROBE_DEADLINE_MS));
    const noAnswer = once(signal, 'abort').then(() => false);
    const ready = isReady(signal).catch(() => false);
    if (await Promise.race([ready, noAnswer, server.exited.then(() => false)])) return server;
    await Promise.race([sleep(PROBE_EVERY_MS), server.exited]);
  }
  throw new Error(`${name} ended before it was ready. ${said(server.output())}`);
}

function launch({ binary, args, env, cwd, name, secrets = [] }: ProcessOptions): ServerProcess {
  const child = spawn('/bin/sh', ['-c', WATCHDOG_THEN_SERVER, 'sh', binary, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const tail = keepTail(child);
  const exited = ended(child);
  const isRunning = () => child.exitCode === null && child.signalCode === null && child.pid !== undefined;

  async function end(signal: NodeJS.Signals, withinMs: number): Promise<boolean> {
    if (isRunning()) child.kill(signal);
    const timer = new AbortController();
    const late = sleep(withinMs, false, { signal: timer.signal }).catch(() => false);
    const gone = await Promise.race([exited.then(() => true), late]);
    timer.abort();
    return gone;
  }

  async function kill(): Promise<void> {
    if (!(await end('SIGKILL', DEATH_DEADLINE_MS)))
      throw new Error(`${name} (process ${child.pid}) does not die`);
  }

  return {
    pid: child.pid ?? -1,
    get running() {
      return isRunning();
    },
    exited,
    output: () =>
      secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '***')), tail()),
    async stop(withinMs = 10_000) {
      if (!(await end('SIGTERM', withinMs))) await kill();
    },
    kill,
  };
}

function keepTail(child: ChildProcess): () => string {
  let text = '';
  const append = (chunk: Buffer) => {
    text += chunk.toString('utf8');
    // Cut where a line ends: half a secret would not be known as one.
    if (text.length > TAIL_CHARACTERS) text = text.slice(-TAIL_CHARACTERS).replace(/^.*\n/, '');
  };
  child.stdout?.on('data', append);
  child.stderr?.on('data', append);
  child.on('error', (error) => append(Buffer.from(error.message)));
  return () => text.trim();
}

/** Waits for the end; a line on the pipe then tells the watchdog that there is nothing left to end. */
async function ended(child: ChildProcess): Promise<void> {
  const lifeline = child.stdio[3];
  if (lifeline instanceof Socket) {
    lifeline.on('error', () => undefined).resume();
    child.once('exit', () => lifeline.end('stopped\n'));
  }
  await once(child, 'close').catch(() => undefined);
}

function said(output: string): string {
  return output === '' ? 'It wrote nothing.' : `Its last output:\n${output}`;
}
