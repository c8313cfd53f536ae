/** Starts the servers of one round: source, target, what lies between them, and NATS where a product needs it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rawSubject } from '../../events/subjects.ts';
import { type MinioServer, startMinio } from '../sites/minio-server.ts';
import { startNats } from '../sites/nats-server.ts';
import { createBucket, rootClient } from '../sites/setup.ts';
import type { Programs } from './programs.ts';
import { tellsRequests } from './requests.ts';
import type { Far, Stage } from './scenario.ts';
import { startShapedWire } from './shaped-wire.ts';
import { type SlowWire, startSlowWire } from './toxiproxy.ts';

export interface StageOptions {
  readonly programs: Programs;
  /** Where all servers keep their data. */
  readonly dir: string;
  /** Where NATS keeps its streams, if elsewhere. */
  readonly natsDir: string | undefined;
  readonly rttMs: number;
  readonly walkEverySeconds: number;
  /** Of each target's link. */
  readonly linkBytesPerSecond: number | undefined;
  readonly targets: number;
  readonly needsEvents: boolean;
}

const bucket = 'bench';
const single = 'bench-single';
const sourceName = 'source';
const targetName = (number: number): string => (number === 0 ? 'target' : `target-${number + 1}`);

/** Everything that was started is on `cleanup`, also when a later server does not start. */
export async function openStage(options: StageOptions, cleanup: AsyncDisposableStack): Promise<Stage> {
  const { programs, walkEverySeconds, needsEvents } = options;
  const dir = await roundDir(options.dir, cleanup);
  const nats = needsEvents ? await openNats({ ...options, dir }, cleanup) : undefined;
  const announce = nats && {
    address: `${nats.host}:${nats.port}`,
    user: nats.user,
    password: nats.password,
    subject: rawSubject(sourceName),
  };
  const buckets = options.targets > 1 ? [bucket, single] : [bucket];
  const site = async (name: string, events: typeof announce) => {
    const server = await startMinio({
      binary: programs.minio,
      dir: join(dir, name),
      name,
      drives: 4,
      env: tellsRequests,
      ...(events && { nats: events }),
    });
    cleanup.defer(() => server.stop());
    const client = rootClient(server);
    try {
      for (const bucket of buckets) await createBucket(client, { name: bucket });
    } finally {
      client.destroy();
    }
    return server;
  };
  const source = await site(sourceName, announce);
  const far = async (number: number): Promise<Far> => {
    const target = await site(targetName(number), undefined);
    const wire = await openWire(options, dir, target, cleanup);
    return { target, farTarget: wire.endpoint, wire };
  };
  const first = await far(0);
  const targets = [first];
  while (targets.length < options.targets) targets.push(await far(targets.length));
  const rules = buckets.map((name) => ({ bucket: name, targets: name === single ? [first] : targets }));
  return { ...first, dir, source, nats, bucket, rules, walkEverySeconds };
}

/** The round trip, and behind it the bandwidth, which all connections share. */
async function openWire(
  { programs, rttMs, linkBytesPerSecond: bytesPerSecond }: StageOptions,
  dir: string,
  { host, port }: MinioServer,
  cleanup: AsyncDisposableStack,
): Promise<SlowWire> {
  let upstream = `${host}:${port}`;
  if (bytesPerSecond !== undefined) {
    const shaped = await startShapedWire({ upstream, bytesPerSecond });
    cleanup.defer(() => shaped.stop());
    upstream = shaped.address;
  }
  const slow = await startSlowWire({ binary: programs.toxiproxy, dir, upstream, rttMs });
  cleanup.defer(() => slow.stop());
  return slow;
}

async function roundDir(base: string, cleanup: AsyncDisposableStack): Promise<string> {
  await mkdir(base, { recursive: true });
  const dir = await mkdtemp(join(base, 'causeway-bench-'));
  cleanup.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function openNats({ programs, natsDir, dir }: StageOptions, cleanup: AsyncDisposableStack) {
  const streams = natsDir === undefined ? join(dir, 'nats') : await roundDir(natsDir, cleanup);
  const nats = await startNats({ binary: programs.nats, dir: streams });
  cleanup.defer(() => nats.stop());
  return nats;
}
