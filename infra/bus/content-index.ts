/**
 * What content is where, in records of three kinds: where a SHA-256 was placed, which ETags came with content that was,
 * and for each size, the forms of those ETags. One content uploaded in different ways has different ETags: a size that
 * is known in another form is worth a look. Two ETags of one form and size stand for two contents.
 */
import { z } from 'zod';
import { identify } from '../../events/identity.ts';
import { versionRefSchema } from '../../events/object-events.ts';
import type { ContentId, ContentIndex } from '../../functions/content.ts';

/** Keeps the last value of each name for as long as there is room. Names: letters, digits, `_`, `-`, and dots between. */
export interface ContentRecords {
  get(name: string): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
}

const placedSchema = versionRefSchema.extend({ etag: z.string().min(1) });
const formsSchema = z.array(z.string()).max(64);
/** A content's parts are cut in a few ways at most. */
const mostForms = 16;

/** How it was uploaded: in one piece, or in so many parts. */
const formOf = (etag: string): string => /-\d{1,5}$/.exec(etag)?.[0] ?? '';

export function createContentIndex(records: ContentRecords): ContentIndex {
  const underWay = new Map<string, Promise<void>>();
  const etagName = (site: string, { etag, size }: { etag: string; size: number }): string =>
    `${site}.etag.${identify(etag, size)}`;
  const sizeName = (site: string, { size }: { size: number }): string => `${site}.size.${size}`;
  const placeName = (site: string, { sha256, size }: ContentId): string => `${site}.sha256.${sha256}-${size}`;

  /** Undefined for what is not there, cannot be read, or is nothing of ours. */
  async function recall<Value>(name: string, schema: z.ZodType<Value>): Promise<Value | undefined> {
    try {
      const text = await records.get(name);
      return text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined;
    }
  }
  const keep = async (name: string, value: unknown): Promise<void> => {
    await records.put(name, JSON.stringify(value)).catch(() => undefined);
  };

  return {
    turn(site, told) {
      const name = etagName(site, told);
      const done = underWay.get(name);
      if (done) return { kind: 'after', done };
      const { promise, resolve } = Promise.withResolvers<void>();
      underWay.set(name, promise);
      return {
        kind: 'first',
        release() {
          underWay.delete(name);
          resolve();
        },
      };
    },
    async mayHave(site, told) {
      if (await recall(etagName(site, told), z.literal(true))) return true;
      const forms = await recall(sizeName(site, told), formsSchema);
      return forms?.some((form) => form !== formOf(told.etag)) ?? false;
    },
    find: (site, content) => recall(placeName(site, content), placedSchema),
    async remember(site, content, { bucket, key, versionId, etag }, told) {
      // The place last: what hints at it without being true costs a read, the other way round it would never be found.
      const forms = (await recall(sizeName(site, told), formsSchema)) ?? [];
      const form = formOf(told.etag);
      if (!forms.includes(form)) await keep(sizeName(site, told), [...forms, form].slice(-mostForms));
      await keep(etagName(site, told), true);
      await keep(placeName(site, content), { bucket, key, versionId, etag });
    },
    forget: (site, content) => keep(placeName(site, content), null),
  };
}
