/**
 * What a mover is told on its command line: the one description that the command reads by and the Job is rendered from.
 * Keys and the password are not among it: they come in the environment.
 */
import { z } from 'zod';
import { volumeDueSchema, volumeSchema } from '../../events/volume-events.ts';
import { isMount, mountName } from './repository.ts';

const count = z.coerce.number().pipe(z.int().min(1).max(10_000));

const place = {
  site: volumeSchema.shape.site.describe('the site whose bucket this is'),
  endpoint: z.url({ protocol: /^https?$/ }).describe('of the site: scheme://host[:port]'),
  region: z.string().min(1).max(64).default('us-east-1').describe('the region that requests are signed for'),
  bucket: z.string().min(3).max(63).describe('the bucket of the repository'),
  path: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)*$/, 'must be names with slashes between')
    .max(512)
    .describe('the place of the repository in the bucket'),
  directory: z
    .string()
    .startsWith('/', 'must be an absolute path')
    .refine(isMount, `must end in /${mountName}: snapshots hold it under this name`)
    .describe('where the volume is mounted'),
  caFile: z.string().min(1).optional().describe('certificate authorities (PEM) to trust'),
} as const;

const volume = {
  namespace: volumeSchema.shape.namespace.describe('of the claim'),
  replication: volumeSchema.shape.replication.describe('name of the VolumeReplication'),
  claim: volumeSchema.shape.claim.describe('name of the PersistentVolumeClaim'),
} as const;

export const shipTask = {
  ...place,
  ...volume,
  sync: volumeDueSchema.shape.sync.describe('name of this point in time'),
  takenAt: volumeDueSchema.shape.takenAt.describe('the point in time that the directory shows'),
  size: volumeDueSchema.shape.size.describe('of the claim, as Kubernetes says it'),
  keepLast: count.default(7).describe('snapshots that stay in the repository'),
  keepHourly: count.optional().describe('of the last so many hours, the last of each'),
  keepDaily: count.optional().describe('of the last so many days, the last of each'),
  keepWeekly: count.optional().describe('of the last so many weeks, the last of each'),
  keepMonthly: count.optional().describe('of the last so many months, the last of each'),
} as const;

export const restoreTask = {
  ...place,
  shipment: z.string().min(1).max(1024).optional().describe('which one; default: the newest'),
  waitSeconds: z.coerce
    .number()
    .pipe(z.int().min(0).max(86_400))
    .default(0)
    .describe('how long to wait for what has not arrived'),
} as const;

const shipTaskSchema = z.object(shipTask);
const restoreTaskSchema = z.object(restoreTask);
export type ShipTask = z.infer<typeof shipTaskSchema>;
export type RestoreTask = z.infer<typeof restoreTaskSchema>;

const flagOf = (field: string): string =>
  `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The options of a command that reads such a task. */
export const optionsOf = (
  fields: Readonly<Record<string, z.ZodType>>,
): readonly [flags: string, words: string][] =>
  Object.entries(fields).map(([field, schema]) => [`${flagOf(field)} <value>`, schema.description ?? '']);

/** The command line that says this. */
const argumentsFor = (task: Readonly<Record<string, string | number | undefined>>): string[] =>
  Object.entries(task).flatMap(([field, value]) =>
    value === undefined ? [] : [flagOf(field), String(value)],
  );

/** A file of `npm run bundle`, where the image has it, and its arguments: what the containers of Jobs run. */
export const shipCommand = (task: ShipTask): string[] => ['/app/ship-snapshot.mjs', ...argumentsFor(task)];
export const restoreCommand = (task: RestoreTask): string[] => [
  '/app/restore-snapshot.mjs',
  ...argumentsFor(task),
];
