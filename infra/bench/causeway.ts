/** Causeway as it is run: `causeway up` in a process of its own, beside the source, with users of least privilege. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../config/env.ts';
import { natsUrl } from '../sites/nats-server.ts';
import { freePort } from '../sites/ports.ts';
import { startProcess } from '../sites/process.ts';
import { onFreePort } from '../sites/restartable.ts';
import { setUpSite } from '../sites/setup.ts';
import type { Prepared, Product, Stage } from './scenario.ts';
import { sourceName, targetName } from './stage.ts';

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
/** It drains what it holds, and a profile takes a while to be written. */
const stopWithinMs = 30_000;
const settleWithinMs = 30_000;
const lookEveryMs = 200;

export interface CausewayOptions {
  readonly mc: string;
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
  const { source, target, bucket } = stage;
  const buckets = [{ name: bucket }];
  const atSource = await setUpSite({ server: source, mc: options.mc, buckets, role: 'source' });
  const atTarget = await setUpSite({ server: target, mc: options.mc, buckets, role: 'target' });
  const file = join(stage.dir, 'causeway.yaml');
  await writeFile(file, documents(stage));
  const env = {
    ...settingsOf(options.environment),
    ...(stage.nats && { CAUSEWAY_NATS_URL: natsUrl(stage.nats) }),
    ...credentials(sourceName, atSource),
    ...credentials(targetName, atTarget),
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

const credentials = (site: string, { accessKey, secretKey }: { accessKey: string; secretKey: string }) => ({
  [`${site.toUpperCase()}_ACCESS_KEY_ID`]: accessKey,
  [`${site.toUpperCase()}_SECRET_ACCESS_KEY`]: secretKey,
});

function settingsOf(environment: Environment): Record<string, string> {
  const settings: Record<string, string> = { CAUSEWAY_LOG: 'warn' };
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('CAUSEWAY_') && value !== undefined) settings[name] = value;
  }
  return settings;
}

const documents = ({
  source,
  farTarget,
  bucket,
  walkEverySeconds,
}: Stage): string => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${sourceName} }
spec:
  s3: { endpoint: "${source.endpoint}" }
  credentials: { env: ${sourceName.toUpperCase()} }
  events: { minio: { via: nats } }
---
apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${targetName} }
spec:
  s3: { endpoint: "${farTarget}" }
  credentials: { env: ${targetName.toUpperCase()} }
---
apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: bench }
spec:
  source: { site: ${sourceName}, bucket: ${bucket} }
  targets: [{ site: ${targetName}, bucket: ${bucket} }]
  scan: { every: ${walkEverySeconds}s }
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
        ...[main, 'up', '-f', file, '--listen', String(port)],
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
  return Number(/^causeway_backlog\{.*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}
