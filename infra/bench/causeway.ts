/** Causeway as it is run: `causeway up` in a process of its own, beside the source, with users of least privilege. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../config/env.ts';
import type { MinioServer } from '../sites/minio-server.ts';
import { natsUrl } from '../sites/nats-server.ts';
import type { SiteRole } from '../sites/policies.ts';
import { freePort } from '../sites/ports.ts';
import { startProcess } from '../sites/process.ts';
import { onFreePort } from '../sites/restartable.ts';
import { setUpSite } from '../sites/setup.ts';
import { farsOf, type Prepared, type Product, type Stage } from './scenario.ts';

const launcher = fileURLToPath(new URL('../cli/causeway.mjs', import.meta.url));
/** It drains what it holds, and a profile takes a while to be written. */
const stopWithinMs = 30_000;
const settleWithinMs = 30_000;
const lookEveryMs = 200;

export interface CausewayOptions {
  /** Settings (CAUSEWAY_*) are passed on. */
  readonly environment: Environment;
  /** Where a V8 profile of each round goes. */
  readonly profileDir: string | undefined;
}

export const causeway = (options: CausewayOptions): Product => ({
  name: 'causeway',
  title: 'CAUSEWAY',
  needsEvents: true,
  prepare: (stage) => prepare(options, stage),
});

async function prepare(options: CausewayOptions, stage: Stage): Promise<Prepared> {
  const buckets = stage.rules.map(({ bucket: name }) => ({ name }));
  const users: Record<string, string> = {};
  const setUp = async (server: MinioServer, role: SiteRole): Promise<void> => {
    Object.assign(users, credentials(server.name, await setUpSite({ server, buckets, role })));
  };
  await setUp(stage.source, 'source');
  for (const { target } of farsOf(stage)) await setUp(target, 'target');
  const file = join(stage.dir, 'causeway.yaml');
  await writeFile(file, documents(stage));
  const env = {
    ...settingsOf(options.environment),
    ...(stage.nats && { CAUSEWAY_NATS_URL: natsUrl(stage.nats) }),
    ...users,
  };
  let child: RunningCauseway | undefined;
  const up = async (): Promise<void> => {
    child = await launch(stage, file, env, options.profileDir);
  };
  const settled = async (signal: AbortSignal): Promise<void> => {
    const deadline = Date.now() + settleWithinMs;
    while (child?.running && Date.now() < deadline && (await backlogOf(child.gateway)) > 0) {
      await sleep(lookEveryMs, undefined, { signal });
    }
  };
  return {
    run: up,
    // The first walk starts with the process.
    catchUp: up,
    settled,
    processes: () => (child ? { causeway: child.pid } : {}),
    stop: async () => child?.stop(),
  };
}

const variable = (site: string): string => site.toUpperCase().replaceAll('-', '_');

const credentials = (site: string, { accessKey, secretKey }: { accessKey: string; secretKey: string }) => ({
  [`${variable(site)}_ACCESS_KEY_ID`]: accessKey,
  [`${variable(site)}_SECRET_ACCESS_KEY`]: secretKey,
});

function settingsOf(environment: Environment): Record<string, string> {
  const settings: Record<string, string> = { CAUSEWAY_LOG: 'warn' };
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('CAUSEWAY_') && value !== undefined) settings[name] = value;
  }
  return settings;
}

function documents(stage: Stage): string {
  const { source, rules, walkEverySeconds } = stage;
  const sites = farsOf(stage).map(({ target, farTarget }) => site(target.name, farTarget));
  const all = rules.map(
    ({ bucket, targets }) => `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: ${bucket} }
spec:
  source: { site: ${source.name}, bucket: ${bucket} }
  targets: [${targets.map(({ target }) => `{ site: ${target.name}, bucket: ${bucket} }`).join(', ')}]
  scan: { every: ${walkEverySeconds}s }
`,
  );
  const first = `${site(source.name, source.endpoint)}  events: { minio: { via: nats } }
`;
  return [first, ...sites, ...all].join('---\n');
}

const site = (name: string, endpoint: string): string => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: "${endpoint}" }
  credentials: { env: ${variable(name)} }
`;

interface RunningCauseway {
  readonly pid: number;
  readonly running: boolean;
  readonly gateway: string;
  stop(): Promise<void>;
}

const launch = (
  { dir }: Stage,
  file: string,
  env: Readonly<Record<string, string>>,
  profileDir: string | undefined,
): Promise<RunningCauseway> =>
  onFreePort(undefined, freePort, async (port) => {
    const gateway = `http://127.0.0.1:${port}`;
    const child = await startProcess({
      name: 'causeway up',
      binary: process.execPath,
      args: [
        ...(profileDir === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileDir]),
        ...[launcher, 'up', '-f', file, '--listen', String(port)],
      ],
      env: { HOME: dir, ...env },
      cwd: dir,
      port,
      isReady: async (signal) => (await fetch(`${gateway}/health/readiness`, { signal })).status === 200,
    });
    return {
      pid: child.pid,
      get running() {
        return child.running;
      },
      gateway,
      stop: () => child.stop(stopWithinMs),
    };
  });

async function backlogOf(gateway: string): Promise<number> {
  const text = await (await fetch(`${gateway}/metrics`)).text();
  return [...text.matchAll(/^causeway_backlog\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
