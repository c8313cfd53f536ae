/** The VolumeReplication document: whose volume is brought to which site, when, and what becomes of it there. */
// Croner is dependency-free, kept up for years, and knows months, days and ranges as cron does.
import { Cron } from 'croner';
import { z } from 'zod';
import { celRules } from './cel.ts';
import { bucketSchema, nameSchema } from './names.ts';
import { apiVersion } from './site.ts';

/** A DNS subdomain, as most names in Kubernetes are. */
const objectName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be a name as Kubernetes has them')
  .meta({ maxLength: 253 });

export const methods = ['Snapshot', 'Clone', 'Direct'] as const;
export type Method = (typeof methods)[number];
export const isOurs = (method: string): method is Method => methods.some((known) => known === method);

const noSchedule = 'must be five fields as cron has them (UTC), such as */15 * * * *';
const schedule = z
  .string()
  .max(128)
  .refine(isSchedule, { error: noSchedule })
  .meta({ ...celRules({ rule: "self.matches('^\\\\S+( \\\\S+){4}$')", message: noSchedule }) });

function isSchedule(text: string): boolean {
  try {
    return new Cron(text, { mode: '5-part', paused: true, timezone: 'UTC' }).nextRun() !== null;
  } catch {
    return false;
  }
}

const kept = z.int().min(1).max(10_000);
const retention = z
  .strictObject({
    last: kept.default(7),
    hourly: kept.optional(),
    daily: kept.optional(),
    weekly: kept.optional(),
    monthly: kept.optional(),
  })
  .prefault({})
  .describe('Snapshots that stay in the repository, beside the one that is being stored.');

const oneSource = 'spec.source must name either claim or selector';
const source = z
  .strictObject({
    site: nameSchema.describe('The site beside the cluster where the volume is.'),
    claim: objectName.optional().describe('The PersistentVolumeClaim.'),
    selector: z
      .strictObject({
        matchLabels: z
          .record(z.string().min(1).max(317), z.string().max(63))
          .refine((labels) => Object.keys(labels).length > 0 && Object.keys(labels).length <= 16, {
            error: 'must be 1 to 16 labels',
          })
          .meta({
            maxProperties: 16,
            ...celRules({ rule: 'self.size() > 0', message: 'must be 1 to 16 labels' }),
          }),
      })
      .optional()
      .describe('Every claim with these labels, each by itself.'),
    method: z
      .string()
      .min(1)
      .max(253)
      .default('Snapshot')
      .describe('Snapshot, Clone or Direct; anything else is left to another operator.'),
    snapshotClassName: objectName.optional().describe('VolumeSnapshotClass of the point in time.'),
    storageClassName: objectName
      .optional()
      .describe('StorageClass of the volume that shows the point in time.'),
    retention,
  })
  .meta({
    description: 'What is replicated.',
    ...celRules({ rule: 'has(self.claim) != has(self.selector)', message: oneSource }),
  })
  .refine(({ claim, selector }) => (claim === undefined) !== (selector === undefined), { error: oneSource });

const oneTrigger = 'must name exactly one of schedule, manual and snapshots';
const trigger = z
  .strictObject({
    schedule: schedule.optional().describe('Five fields as cron has them, in UTC.'),
    manual: z.string().min(1).max(63).optional().describe('Another word than before: once more.'),
    snapshots: z
      .enum(['any'])
      .optional()
      .describe('Every VolumeSnapshot of the claim, whoever made it, when it is ready.'),
  })
  .refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, {
    error: oneTrigger,
  })
  .meta({
    description: 'When.',
    ...celRules({
      rule: '[has(self.schedule), has(self.manual), has(self.snapshots)].filter(given, given).size() == 1',
      message: oneTrigger,
    }),
  });

const repository = z.strictObject({
  bucket: bucketSchema.describe('At either site; a ReplicationRule carries it from the one to the other.'),
  path: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)*$/, 'must be names with slashes between')
    .max(200)
    .optional()
    .describe('Before the name of the claim; by default namespace/name of this document.'),
  secretName: objectName.describe(
    'A Secret with accessKeyId and secretAccessKey of the site, and the password that both sites share.',
  ),
});

const quantity = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?$/, 'must be a quantity such as 10Gi')
  .max(32);

const destination = z
  .strictObject({
    site: nameSchema.describe('The site beside the cluster where the volume is to be.'),
    claim: objectName
      .optional()
      .describe('The PersistentVolumeClaim to fill; by default called like the source.'),
    size: quantity.optional().describe('By default that of the source.'),
    storageClassName: objectName.optional(),
    accessModes: z
      .array(z.enum(['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod']))
      .min(1)
      .max(4)
      .default(['ReadWriteOnce']),
    volumeMode: z.enum(['Filesystem', 'Block']).default('Filesystem').describe('Must be that of the source.'),
    snapshotClassName: objectName.optional().describe('VolumeSnapshotClass of the images.'),
    images: kept.default(3).describe('VolumeSnapshots of the filled volume that stay.'),
    onDelete: z
      .enum(['Retain', 'Delete'])
      .default('Retain')
      .describe('Whether the filled volume and its images go with this document.'),
  })
  .describe('Where to.');

const sameClaim = 'spec.destination.claim: must be another than the source where both are at one site';
const ofMany = 'spec.destination.claim: must be left out where spec.source has a selector';

export const volumeReplicationSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('VolumeReplication'),
  metadata: z.strictObject({ name: nameSchema }),
  spec: z
    .strictObject({
      source,
      trigger,
      repository,
      destination,
      paused: z.boolean().default(false).describe('Nothing new begins; what is under way ends.'),
    })
    .refine(({ source, destination }) => !destination.claim || !source.selector, { error: ofMany })
    .refine(
      ({ source, destination }) =>
        source.site !== destination.site ||
        (destination.claim !== undefined && destination.claim !== source.claim),
      { error: sameClaim },
    )
    .meta(
      celRules(
        { rule: '!has(self.destination.claim) || !has(self.source.selector)', message: ofMany },
        {
          rule: 'self.source.site != self.destination.site || (has(self.destination.claim) && has(self.source.claim) && self.destination.claim != self.source.claim)',
          message: sameClaim,
        },
      ),
    ),
});
export type VolumeReplication = z.infer<typeof volumeReplicationSchema>;
