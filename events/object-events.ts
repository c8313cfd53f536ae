/** What happened to one object version at one site, as the store told it (names: S3 event notifications). */
import { z } from 'zod';

const bucket = z.string().min(1).max(255);
const key = z.string().min(1).max(4096);

/** One object version; `null` is the version ID of what was written without versioning. */
export const versionRefSchema = z.object({ bucket, key, versionId: z.string().min(1).max(1024) });
export type VersionRef = z.infer<typeof versionRefSchema>;

const retentionSchema = z.object({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), until: z.string() });

/** All that a site can tell about a version's content and metadata; two sites agree when these are equal. */
export const versionFactsSchema = z.object({
  /** Bytes. */
  size: z.number().int().nonnegative(),
  /** Without quotes. */
  etag: z.string(),
  /** RFC 3339 UTC; digits as known (times.ts). */
  modified: z.string(),
  /** content-type, cache-control and the like; names in lower case. */
  headers: z.record(z.string(), z.string()),
  /** x-amz-meta-*, without the prefix; names in lower case. */
  metadata: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  retention: retentionSchema.optional(),
  legalHold: z.enum(['ON', 'OFF']).optional(),
});
export type VersionFacts = z.infer<typeof versionFactsSchema>;

export const objectEventSchema = z.object({
  site: z.string().min(1),
  bucket,
  key,
  /** Absent where the notification names no version: an unversioned bucket, or all versions at once. */
  versionId: z.string().min(1).max(1024).optional(),
  size: z.number().int().nonnegative(),
  etag: z.string().optional(),
  /** The version's own time to the nanosecond, where the notification tells it exactly. */
  modified: z.string().optional(),
  eventTime: z.string(),
  requestId: z.string().optional(),
  userAgent: z.string().optional(),
});
export type ObjectEvent = z.infer<typeof objectEventSchema>;

/** A replica arrived and was verified at `site`: a source event for the rules that start there. */
export const arrivedSchema = z.object({
  site: z.string().min(1),
  bucket,
  key,
  versionId: z.string().min(1).max(1024),
  modified: z.string().optional(),
  /** Bytes. */
  size: z.number().int().nonnegative().optional(),
  /** Every site this version has been at: it is never sent back to one of them. */
  via: z.array(z.string()),
});

/** Prefix of every S3 event type, after the CloudEvents S3 adapter. */
export const s3TypePrefix = 'com.amazonaws.s3.';

export const createdEvents = [
  'ObjectCreated:Put',
  'ObjectCreated:Post',
  'ObjectCreated:Copy',
  'ObjectCreated:CompleteMultipartUpload',
] as const;

export const metadataEvents = [
  'ObjectCreated:PutTagging',
  'ObjectCreated:DeleteTagging',
  'ObjectCreated:PutRetention',
  'ObjectCreated:PutLegalHold',
] as const;

export const removedEvents = [
  'ObjectRemoved:Delete',
  'ObjectRemoved:DeleteMarkerCreated',
  'ObjectRemoved:DeleteAllVersions',
  'LifecycleDelMarkerExpiration:Delete',
] as const;
