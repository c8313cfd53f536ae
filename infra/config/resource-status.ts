/** What is said of a document where it is a custom resource: conditions in the Kubernetes manner, and of which version. */
import { z } from 'zod';

export const conditionSchema = z.object({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  /** One word for programs. */
  reason: z
    .string()
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/),
  message: z.string().max(32_768),
  lastTransitionTime: z.string().meta({ format: 'date-time' }),
  observedGeneration: z.int().nonnegative().optional(),
});

const conditionsSchema = z
  .array(conditionSchema)
  .meta({
    description: 'Ready, Progressing and Degraded, with reasons.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  })
  .optional();

const observedGeneration = z
  .int()
  .nonnegative()
  .optional()
  .describe('The generation of the resource that the rest of the status speaks of.');

export const siteStatusSchema = z.object({
  observedGeneration,
  conditions: conditionsSchema,
  dialect: z.string().max(64).optional().describe('How the store is spoken to.'),
});

export const replicationRuleStatusSchema = z.object({
  observedGeneration,
  conditions: conditionsSchema,
  links: z
    .array(
      z.object({
        name: z.string().max(200).describe('rule_source_target'),
        state: z.enum(['healthy', 'paused', 'broken']),
        backlog: z.int().nonnegative().optional(),
        arrivalLagMs: z
          .int()
          .nonnegative()
          .optional()
          .describe('p99 of the last thousand versions, roughly.'),
        verificationLagMs: z.int().nonnegative().optional(),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Each pair of a source and a target site.'),
  backlog: z.int().nonnegative().optional().describe('Events of all links that wait to be handled.'),
});

const time = z.string().meta({ format: 'date-time' });

/** What became of one volume, at the ends that this cluster is. */
const volumeStatusSchema = z.object({
  claim: z.string().max(253).describe('At the source.'),
  shipped: z
    .object({ sync: z.string().max(63), takenAt: time, startedAt: time, completedAt: time })
    .optional()
    .describe('The last point in time that was stored at the source.'),
  restored: z
    .object({
      shipment: z.string().max(1024),
      sync: z.string().max(63),
      takenAt: time,
      startedAt: time,
      completedAt: time,
      claimUid: z.string().max(128).optional().describe('Of the claim that was filled.'),
    })
    .optional()
    .describe('The last one that the destination was filled with.'),
  latestImage: z.string().max(253).optional().describe('The last VolumeSnapshot of the filled volume.'),
  missed: z
    .int()
    .nonnegative()
    .optional()
    .describe('Times of the schedule that had no sync, up to the last that was shipped.'),
});
export type VolumeStatus = z.infer<typeof volumeStatusSchema>;

export const volumeReplicationStatusSchema = z.object({
  observedGeneration,
  conditions: conditionsSchema,
  lastSyncTime: time.optional().describe('When the last sync was complete at this end.'),
  lastSyncDuration: z.string().max(32).optional().describe('How long it took, such as 42s.'),
  nextSyncTime: time.optional(),
  lastManualSync: z.string().max(63).optional().describe('The word of the last sync by hand.'),
  missedIntervals: z
    .int()
    .nonnegative()
    .optional()
    .describe('Times of the schedule that had no sync, of all volumes.'),
  latestImage: z
    .object({ apiGroup: z.string().max(253), kind: z.string().max(63), name: z.string().max(253) })
    .optional()
    .describe('For the dataSource of a claim: the last complete state at the destination.'),
  volumes: z
    .array(volumeStatusSchema)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['claim'] })
    .optional(),
});
export type VolumeReplicationStatus = z.infer<typeof volumeReplicationStatusSchema>;
