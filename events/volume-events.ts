/** What happens to the content of a volume on its way to another site. */
import { z } from 'zod';

/** One token of a NATS subject. */
const token = z.string().regex(/^[A-Za-z0-9-]{1,253}$/, 'must be letters, digits and hyphens');
const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be a name as Kubernetes has them');

/** Whose content it is. */
export const volumeSchema = z.object({
  /** The site beside the cluster where the content was. */
  site: token,
  namespace: token,
  /** The VolumeReplication. */
  replication: name,
  /** The PersistentVolumeClaim. */
  claim: name,
});
export type Volume = z.infer<typeof volumeSchema>;

export const volumeDueSchema = z.object({
  volume: volumeSchema,
  /** Tells apart what is shipped of one volume: one point in time has one. */
  sync: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a DNS label'),
  /** The point in time that the mounted content shows. RFC 3339. */
  takenAt: z.iso.datetime(),
  /** A quantity, as Kubernetes says it: what the volume was given. */
  size: z.string().max(32).optional(),
});
export type VolumeDue = z.infer<typeof volumeDueSchema>;

const counted = z.object({ files: z.int().nonnegative(), bytes: z.int().nonnegative() });

export const snapshotShippedSchema = volumeDueSchema.extend({
  /** Of restic. */
  snapshot: z.string().regex(/^[0-9a-f]{64}$/),
  shippedAt: z.string(),
  /** What the volume holds. */
  content: counted,
  /** Bytes that were new to the repository. */
  added: z.int().nonnegative(),
  /** What must be at a site before the snapshot can be restored there: the shipment lists it file by file. */
  needs: counted,
  /** Where the shipment is, beneath the repository's place. */
  shipment: z.string().min(1).max(1024),
});
export type SnapshotShipped = z.infer<typeof snapshotShippedSchema>;

export const snapshotRestoredSchema = snapshotShippedSchema.extend({
  /** The site beside the cluster where the content is now too. */
  at: token,
  restoredAt: z.string(),
});
