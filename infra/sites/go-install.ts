/**
 * Builds one program with Go and puts it in the cache by a rename, so that what is there is whole.
 *
 * Two processes may want the same program at once. A lock directory lets the second wait for the first; it
 * only saves work: should both build, the same program is renamed into place twice.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../config/env.ts';
import type { ToolSource } from './binaries.ts';

const BUILD_DEADLINE_MS = 40 * 60_000;
const HEARTBEAT_MS = 2_000;
/** A holder that has not touched its lock for so long has died. */
const STALE_MS = 15_000;
const KEPT_OUTPUT = 4_000;

/** Puts the program, under its built name, into a directory that is there no longer than it is needed. */
export type Compile = (wanted: Build, into: string) => Promise<void>;

export interface Build {
  readonly tool: string;
  readonly source: ToolSource;
  /** The path of Go itself. */
  readonly go: string;
  readonly env: Environment;
  /** Where the program goes. */
  readonly cached: string;
  readonly report: (line: string) => void;
}

export async function build(wanted: Build): Promise<string> {
  const { tool, cached, report } = wanted;
  const lock = `${cached}.lock`;
  await mkdir(dirname(cached), { recursive: true });
  const deadline = Date.now() + BUILD_DEADLINE_MS;
  for (let waits = 0; !(await take(lock)); waits++) {
    if (Date.now() > deadline) throw new Error(`another process holds ${lock}`);
    if (waits === 0) report(`waiting for another process that is building ${tool}`);
    await sleep(500);
    if (await exists(cached)) return cached;
  }
  const heartbeat = setInterval(
    () => void utimes(lock, new Date(), new Date()).catch(() => undefined),
    HEARTBEAT_MS,
  );
  try {
    if (!(await exists(cached))) await compile(wanted, join(lock, randomUUID()));
    return cached;
  } finally {
    clearInterval(heartbeat);
    await rm(lock, { recursive: true, force: true });
  }
}

async function compile(wanted: Build, into: string): Promise<void> {
  const { tool, source, cached, report } = wanted;
  report(`building ${tool} from source through the Go module proxy, ${source.takes}, once …`);
  const started = Date.now();
  await (source.compile ?? goInstall)(wanted, into);
  await rename(join(into, source.builtName), cached);
  report(`built ${tool} in ${Math.round((Date.now() - started) / 1_000)} s`);
}

async function goInstall(wanted: Build, into: string): Promise<void> {
  const { package: path, version } = wanted.source;
  // Without what only a debugger reads, which is a quarter: MinIO hashes itself whenever it starts.
  await runGo(wanted, ['install', '-trimpath', '-ldflags=-s -w', `${path}@${version}`], { GOBIN: into });
}

/** Runs Go and resolves to what it prints. */
export function runGo(
  { go, env }: Build,
  args: readonly string[],
  { cwd, ...settings }: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(go, args, {
      env: { ...env, CGO_ENABLED: '0', GOTOOLCHAIN: env.GOTOOLCHAIN ?? 'auto', ...settings },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BUILD_DEADLINE_MS,
    });
    let printed = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(printed);
      else
        reject(new Error(`go ${args.join(' ')} ended with ${signal ?? `code ${code}`}:\n${output.trim()}`));
    });
  });
}

/** Takes the lock, or takes it away from a process that has died: then the next try will get it. */
async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const touched = await stat(lock).then(
    (found) => found.mtimeMs,
    () => Date.now(),
  );
  if (Date.now() - touched > STALE_MS) await rm(lock, { recursive: true, force: true });
  return false;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
