/** What happened to a snapshot of a volume, or of a group of volumes, in the Kubernetes cluster beside a site. */
import { z } from 'zod';

/** One token of a NATS subject. */
const token = z.string().regex(/^[A-Za-z0-9-]{1,253}$/, 'must be letters, digits and hyphens');

export const snapshotSchema = z.object({
  /** The site that the cluster stands beside. */
  cluster: token,
  kind: z.enum(['VolumeSnapshot', 'VolumeGroupSnapshot']),
  namespace: token,
  name: z.string().min(1).max(253),
  uid: token,
  labels: z.record(z.string(), z.string()),
  createdAt: z.string(),
  /** What it is taken of: a claim, what a selector finds, or a content that was there before. */
  source: z.object({
    claim: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    content: z.string().optional(),
  }),
  /** Its VolumeSnapshotClass or VolumeGroupSnapshotClass. */
  class: z.string().optional(),
  /** The VolumeGroupSnapshot that made it. */
  group: z.string().optional(),
  /** The VolumeSnapshotContent or VolumeGroupSnapshotContent that it is bound to. */
  content: z.string().optional(),
  /** The point in time it shows. */
  takenAt: z.string().optional(),
  /** A quantity, as Kubernetes says it: what a volume must hold to be restored from it. */
  restoreSize: z.string().optional(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

export const snapshotFailedSchema = snapshotSchema.extend({
  error: z.object({ message: z.string().optional(), time: z.string().optional() }),
});
export type SnapshotError = z.infer<typeof snapshotFailedSchema>['error'];
