/** Starts the servers of one round: source, target, what lies between them, and NATS where a product needs it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rawSubject } from '../../events/subjects.ts';
import { startMinio } from '../sites/minio-server.ts';
import { startNats } from '../sites/nats-server.ts';
import { createBucket, rootClient } from '../sites/setup.ts';
import type { Programs } from './programs.ts';
import type { Stage } from './scenario.ts';
import { startSlowWire } from './toxiproxy.ts';

export interface StageOptions {
  readonly programs: Programs;
  /** Where all servers keep their data. */
  readonly dir: string;
  /** Where NATS keeps its streams, if elsewhere. */
  readonly natsDir: string | undefined;
  readonly rttMs: number;
  readonly walkEverySeconds: number;
  readonly linkBytesPerSecond: number | undefined;
  readonly needsEvents: boolean;
}

const bucket = 'bench';
export const [sourceName, targetName] = ['source', 'target'] as const;

/** Everything that was started is on `cleanup`, also when a later server does not start. */
export async function openStage(options: StageOptions, cleanup: AsyncDisposableStack): Promise<Stage> {
  const { programs, rttMs, linkBytesPerSecond, walkEverySeconds, needsEvents } = options;
  const dir = await roundDir(options.dir, cleanup);
  const nats = needsEvents ? await openNats(options, dir, cleanup) : undefined;
  const announce = nats && {
    address: `${nats.host}:${nats.port}`,
    user: nats.user,
    password: nats.password,
    subject: rawSubject(sourceName),
  };
  const site = async (name: string, events: typeof announce) => {
    const server = await startMinio({
      binary: programs.minio,
      dir: join(dir, name),
      name,
      drives: 4,
      ...(events && { nats: events }),
    });
    cleanup.defer(() => server.stop());
    const client = rootClient(server);
    await createBucket(client, { name: bucket }).finally(() => client.destroy());
    return server;
  };
  const source = await site(sourceName, announce);
  const target = await site(targetName, undefined);
  const slow = await startSlowWire({
    binary: programs.toxiproxy,
    dir,
    upstream: `${target.host}:${target.port}`,
    rttMs,
    bytesPerSecond: linkBytesPerSecond,
  });
  cleanup.defer(() => slow.stop());
  return { dir, source, target, farTarget: slow.endpoint, wire: slow, nats, bucket, walkEverySeconds };
}

async function roundDir(base: string, cleanup: AsyncDisposableStack): Promise<string> {
  await mkdir(base, { recursive: true });
  const dir = await mkdtemp(join(base, 'causeway-bench-'));
  cleanup.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function openNats({ programs, natsDir }: StageOptions, dir: string, cleanup: AsyncDisposableStack) {
  const streams = natsDir === undefined ? join(dir, 'nats') : await roundDir(natsDir, cleanup);
  const nats = await startNats({ binary: programs.nats, dir: streams });
  cleanup.defer(() => nats.stop());
  return nats;
}
