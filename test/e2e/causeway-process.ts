/** Causeway as its users run it: `causeway up` as a process of its own, which can be killed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { environment } from '../../infra/config/env.ts';
import type { EmbeddedWorld } from '../../infra/sites/embedded.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';

const launcher = fileURLToPath(new URL('../../infra/cli/causeway.mjs', import.meta.url));

export interface CausewayProcess {
  readonly file: string;
  /** Of /metrics, /health and /webhook. */
  readonly gateway: string;
  /** SIGKILL, and resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  start(): Promise<void>;
}

/** Documents for a two-way rule between the world's sites; `endpoints` puts something in between. */
export function documents(
  world: EmbeddedWorld,
  bucket: string,
  endpoints: ReadonlyMap<string, string> = new Map(),
): string {
  const sites = world.sites.map(
    ({ name, server }) => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: ${endpoints.get(name) ?? server.endpoint} }
  credentials: { env: ${name.toUpperCase()} }
  events: { minio: { via: nats } }
`,
  );
  const [first, ...others] = world.sites.map(({ name }) => name);
  const rule = `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: photos }
spec:
  source: { site: ${first}, bucket: ${bucket} }
  targets: [${others.map((name) => `{ site: ${name}, bucket: ${bucket} }`).join(', ')}]
  direction: two-way
  scan: { every: 2s }
`;
  return [...sites, rule].join('---\n');
}

export function credentialsOf(world: EmbeddedWorld): Record<string, string> {
  return Object.fromEntries(
    world.sites.flatMap(({ name, credentials }) => [
      [`${name.toUpperCase()}_ACCESS_KEY_ID`, credentials.accessKeyId],
      [`${name.toUpperCase()}_SECRET_ACCESS_KEY`, credentials.secretAccessKey.reveal()],
    ]),
  );
}

export async function causewayUp(dir: string, world: EmbeddedWorld, text: string): Promise<CausewayProcess> {
  const file = join(dir, 'causeway.yaml');
  await writeFile(file, text);
  const env = {
    ...environment,
    ...credentialsOf(world),
    CAUSEWAY_LOG: environment.CAUSEWAY_TEST_LOG ?? 'fatal',
    CAUSEWAY_REQUEST_DEADLINE: '5s',
    CAUSEWAY_PUT_DEADLINE: '10s',
    CAUSEWAY_NATS_URL: natsUrl(world.nats),
  };
  let child: ChildProcess | undefined;
  let gateway = '';

  async function start(): Promise<void> {
    const fresh = spawn(process.execPath, [launcher, 'up', '-f', file, '--listen', '0', '--json'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = fresh;
    const lines = createInterface({ input: fresh.stdout });
    const ended = once(fresh, 'exit').then(([code]) =>
      Promise.reject(new Error(`causeway up ended with ${code}`)),
    );
    ended.catch(() => undefined);
    const [line] = await Promise.race([once(lines, 'line'), ended]);
    gateway = JSON.parse(String(line)).gateway;
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    return code;
  }

  await start();
  return {
    file,
    get gateway() {
      return gateway;
    },
    start,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}
