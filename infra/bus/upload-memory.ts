/** Uploads in parts that have not ended, in NATS KV: `<link>.<version's hash>`. */
import type { KV } from '@nats-io/kv';
import { z } from 'zod';
import { identify } from '../../events/identity.ts';
import { type VersionRef, versionRefSchema } from '../../events/object-events.ts';
import type { UploadMemory } from '../../functions/uploads.ts';
import type { Bus } from './connection.ts';
import { readStream } from './read-stream.ts';
import { bucketNames } from './streams.ts';

const stream = `KV_${bucketNames.uploads}`;
const prefix = `$KV.${bucketNames.uploads}.`;

const entrySchema = z.object({
  ref: versionRefSchema,
  upload: z.object({
    uploadId: z.string().min(1),
    partSize: z.number().int().positive(),
    identity: z.string(),
    heldUntil: z.number(),
  }),
});

export function createUploadMemory(bus: Bus, kv: KV): UploadMemory {
  const nameOf = (link: string, { bucket, key, versionId }: VersionRef): string =>
    `${link}.${identify(bucket, key, versionId)}`;
  return {
    async recall(link, ref) {
      const stored = await kv.get(nameOf(link, ref));
      return stored?.operation === 'PUT' ? entryOf(stored.value)?.upload : undefined;
    },
    async remember(link, ref, upload) {
      await kv.put(nameOf(link, ref), JSON.stringify({ ref, upload }));
    },
    async forget(link, ref) {
      await kv.delete(nameOf(link, ref));
    },
    async *unheldSince(link, since) {
      for await (const message of readStream(bus, stream, { subjects: [`${prefix}${link}.>`] })) {
        const entry = message.headers?.has('KV-Operation') ? undefined : entryOf(message.data);
        if (entry && entry.upload.heldUntil < since) yield [entry.ref, entry.upload];
      }
    },
  };
}

/** Undefined for what cannot be read. */
function entryOf(bytes: Uint8Array): z.infer<typeof entrySchema> | undefined {
  try {
    return entrySchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return undefined;
  }
}
