/**
 * Handing a stack to a receiver beside its target: one CloudEvent in binary mode, whose data is an archive of versions
 * (a tar, plain or zstd), and the one that answers it. They go from process to process over HTTP, never on the stream:
 * a stack is larger than a message may be.
 */
import { z } from 'zod';
import { versionFactsSchema, versionRefSchema } from './object-events.ts';

/** Most versions in one stack. */
export const mostStacked = 1024;

/** What the stack's event says beside its data; as headers, each has the prefix `ce-`. */
export const stackSentSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  source: z.string().min(1).max(1024),
  /** Where it is to be written: site/bucket. */
  subject: z.string().regex(/^[^/]+\/[^/]+$/, 'must be site/bucket'),
  /** Bytes of the archive: what there must be room for, and no more is unpacked. */
  causewaybytes: z.coerce.number().int().nonnegative(),
});

/** What an entry of the archive says of itself. */
export const stackedSchema = z.object({
  ...versionRefSchema.omit({ bucket: true }).shape,
  facts: versionFactsSchema,
});

const named = versionRefSchema.omit({ bucket: true }).shape;

export const stackWrittenSchema = z.object({
  /** One for each of the stack, in its order. */
  entries: z
    .array(
      z.discriminatedUnion('state', [
        /** What the site shows of it. */
        z.object({
          ...named,
          state: z.literal('written'),
          ...versionFactsSchema.pick({ etag: true, size: true, modified: true }).shape,
        }),
        /** `again`: another try may help. */
        z.object({ ...named, state: z.literal('failed'), reason: z.string(), again: z.boolean() }),
      ]),
    )
    .max(mostStacked),
});

export type StackWritten = z.infer<typeof stackWrittenSchema>;
