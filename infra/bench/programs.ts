/** What a benchmark needs of the machine: the servers' programs, and a place for their data. */
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Environment } from '../config/env.ts';
import { findBinary } from '../sites/binaries.ts';

export interface Programs {
  readonly minio: string;
  readonly mc: string;
  readonly nats: string;
  readonly toxiproxy: string;
}

/** One after another: a build takes both cores. */
export async function findPrograms(
  environment: Environment,
  report: (line: string) => void,
): Promise<Programs> {
  return {
    minio: await findBinary('minio', environment, report),
    mc: await findBinary('mc', environment, report),
    nats: await findBinary('nats-server', environment, report),
    toxiproxy: await findBinary('toxiproxy', environment, report),
  };
}

export const memory = '/dev/shm';

/** In memory where that can be, so that no disk is measured. */
export async function fastDir(): Promise<string> {
  const hasMemory = await stat(memory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return hasMemory ? memory : tmpdir();
}
