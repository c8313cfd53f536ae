/** The ReplicationRule document: which versions of which bucket go where, and how. */
import { z } from 'zod';
import { bucketSchema, nameSchema } from './names.ts';
import { duration } from './quantities.ts';
import { apiVersion } from './site.ts';

/** Two-way rules make a link for every ordered pair of sites: this bounds them to some thousand. */
export const mostTargets = 64;

const bucketAtSite = { site: nameSchema, bucket: bucketSchema };

const sourceSchema = z.strictObject({
  ...bucketAtSite,
  prefix: z.string().max(1024).default(''),
  /** Whole keys from their beginning: `tmp/` is a prefix, `*.tmp` with an asterisk is matched to the key's end. */
  exclude: z.array(z.string().min(1).max(1024)).max(256).default([]),
  /** A version must carry all of them. */
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
});

export const replicationRuleSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ReplicationRule'),
  metadata: z.strictObject({
    name: nameSchema,
    labels: z.record(z.string().min(1).max(63), z.string().max(63)).default({}),
  }),
  spec: z.strictObject({
    source: sourceSchema,
    targets: z.array(z.strictObject(bucketAtSite)).min(1, 'must name at least one target').max(mostTargets),
    direction: z.enum(['one-way', 'two-way']).default('one-way'),
    deleteMarkers: z.boolean().default(true),
    versionPurges: z.boolean().default(true),
    metadataChanges: z.boolean().default(true),
    existingObjects: z.boolean().default(true),
    mode: z.enum(['full']).default('full'),
    priority: z.int().min(0).max(1_000_000).default(1),
    scan: z.strictObject({ every: duration('500ms', '24h').default(60_000) }).default({ every: 60_000 }),
  }),
});

export type ReplicationRule = z.infer<typeof replicationRuleSchema>;
