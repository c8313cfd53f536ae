/** A mounted directory and the repository in a site's bucket, as a task and the environment name them. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { VolumeContext } from '../../functions/volume-ports.ts';
import { type Credentials, credentialsFromEnvironment } from '../config/credentials.ts';
import type { Environment } from '../config/env.ts';
import { Secret } from '../config/secret.ts';
import { systemClock as clock } from '../host/system-clock.ts';
import { createRepository } from './repository.ts';
import { createRestic } from './restic.ts';
import { findRestic } from './restic-program.ts';
import { createShipments } from './shipments.ts';
import type { RestoreTask, ShipTask } from './tasks.ts';

export interface OpenVolume extends Omit<VolumeContext, 'retention'> {
  close(): Promise<void>;
}

/** REPOSITORY_ACCESS_KEY_ID, REPOSITORY_SECRET_ACCESS_KEY and REPOSITORY_PASSWORD. */
export const environmentPrefix = 'REPOSITORY';
const passwordVariable = `${environmentPrefix}_PASSWORD`;

/** Of one run of restic: a first backup of a large volume takes its time. */
const deadlineMs = 7 * 24 * 3_600_000;

export type VolumePlace = Pick<
  ShipTask | RestoreTask,
  'site' | 'endpoint' | 'region' | 'bucket' | 'path' | 'directory' | 'caFile'
>;

/** Throws an Error whose message says what to do. */
export async function openVolume(task: VolumePlace, environment: Environment): Promise<OpenVolume> {
  const { site, bucket, path, directory } = task;
  const found = credentialsFromEnvironment(environmentPrefix, environment);
  if ('problem' in found) throw new Error(found.problem);
  const password = environment[passwordVariable];
  if (!password) throw new Error(`${passwordVariable} is not set in the environment`);
  const isDirectory = await stat(directory).then(
    (about) => about.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new Error(`${directory} is no directory: a volume must be mounted there`);
  const program = await findRestic(environment);
  const scratch = await mkdtemp(join(tmpdir(), 'causeway-volume-'));
  const { credentials } = found;
  const restic = createRestic({
    ...task,
    program,
    credentials,
    password: new Secret(password),
    scratch,
    deadlineMs,
    caFile: task.caFile,
  });
  const ca = task.caFile === undefined ? undefined : await readFile(task.caFile, 'utf8');
  const client = openBucket({ ...task, ca }, credentials);
  return {
    site,
    clock,
    repository: createRepository({ restic, directory }),
    shipments: createShipments({ client, bucket, path }),
    async close() {
      client.destroy();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Also for whoever only looks whether a shipment has arrived. */
export function openBucket(
  {
    endpoint,
    region,
    ca,
  }: { readonly endpoint: string; readonly region: string; readonly ca: string | undefined },
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
): S3Client {
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: 5,
    credentials: {
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      ...(sessionToken ? { sessionToken: sessionToken.reveal() } : {}),
    },
    requestHandler: {
      connectionTimeout: 10_000,
      requestTimeout: 60_000,
      ...(ca === undefined ? {} : { httpsAgent: new Agent({ ca }) }),
    },
  });
}
