/** What Causeway tells itself about one version on one link. */
import { z } from 'zod';
import { versionFactsSchema, versionRefSchema } from './object-events.ts';

const onLink = versionRefSchema.extend({
  /** Link ID: rule_source_target. The version is named as at the source bucket. */
  link: z.string().min(1),
});

/** Why work is driven that no notification asked for. */
const reasonSchema = z.enum(['missing', 'differs', 'resync', 'observed', 'unfinished']);

/** A version must be sent (again). */
export const versionDueSchema = onLink.extend({
  /** The time to give the replica: exact, or milliseconds plus its rank within a tie as nanoseconds. */
  modified: z.string().optional(),
  /** Bytes. */
  size: z.number().int().nonnegative().optional(),
  reason: reasonSchema,
  /** Sites it has been at, where that is known. */
  via: z.array(z.string()).optional(),
  /** How often the target showed something else after it was sent. */
  round: z.number().int().nonnegative().default(0),
});

/** Most versions that one event names. */
export const mostTogether = 500;

/** Many small versions must be sent, oldest first within a key: one event for what a walk found together. */
export const versionsDueSchema = z.object({
  link: z.string().min(1),
  versions: z
    .array(
      versionRefSchema
        .omit({ bucket: true })
        .extend({ modified: z.string().optional(), size: z.number().int().nonnegative() }),
    )
    .min(1)
    .max(mostTogether),
});

/** The source's marker, or the absence of a version at the source, must be mirrored at the target. */
export const deleteDueSchema = onLink.extend({ modified: z.string().optional(), reason: reasonSchema });

/** Tags, retention or legal hold of a version must be brought over. */
export const metadataDueSchema = onLink.extend({ reason: reasonSchema });

/** A purge is made once more when every PUT that could still be under way has ended. */
export const purgeRecheckSchema = onLink.extend({ notBefore: z.string() });

/** The target answered 2xx; what it should now show. */
export const versionSentSchema = onLink.extend({
  expected: versionFactsSchema,
  sentAt: z.string(),
  via: z.array(z.string()),
  round: z.number().int().nonnegative(),
});
