/**
 * Goes through both listings of a bucket at once, key by key, as streams: memory holds two pages and one key.
 * Listings are in the order of the keys' UTF-8 bytes; JavaScript's `<` differs beyond the BMP.
 */
import type { ListedVersion, ObjectStore } from '../ports.ts';

export interface ListedKey {
  readonly key: string;
  /** Newest first. */
  readonly source: readonly ListedVersion[];
  readonly target: readonly ListedVersion[];
}

interface KeyVersions {
  readonly key: string;
  readonly versions: ListedVersion[];
}

const pageSize = 1000;

async function* keysOf(
  store: ObjectStore,
  bucket: string,
  prefix: string,
  from: string,
): AsyncGenerator<KeyVersions> {
  let current: KeyVersions | undefined;
  // A listing goes on *after* a key marker, so the cursor is the last key that is done with.
  let after = from === '' ? undefined : { key: from, versionId: '' };
  do {
    const page = await store.list(bucket, { prefix, limit: pageSize, ...(after ? { after } : {}) });
    for (const version of page.versions) {
      if (current?.key === version.key) {
        current.versions.push(version);
        continue;
      }
      if (current) yield current;
      current = { key: version.key, versions: [version] };
    }
    after = page.next;
  } while (after);
  if (current) yield current;
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

/** Every key that either side lists beyond `from` (the last key of the walk so far; empty at the start). */
export async function* walk(
  sides: {
    readonly source: { readonly store: ObjectStore; readonly bucket: string };
    readonly target: { readonly store: ObjectStore; readonly bucket: string };
  },
  prefix: string,
  from: string,
): AsyncGenerator<ListedKey> {
  const source = keysOf(sides.source.store, sides.source.bucket, prefix, from);
  const target = keysOf(sides.target.store, sides.target.bucket, prefix, from);
  try {
    let [left, right] = await Promise.all([source.next(), target.next()]);
    while (!left.done || !right.done) {
      const order = left.done ? 1 : right.done ? -1 : byBytes(left.value.key, right.value.key);
      if (order <= 0 && !left.done) {
        const both = order === 0 && !right.done ? right.value.versions : [];
        yield { key: left.value.key, source: left.value.versions, target: both };
      } else if (!right.done) {
        yield { key: right.value.key, source: [], target: right.value.versions };
      }
      const [nextLeft, nextRight] = await Promise.all([
        order <= 0 ? source.next() : left,
        order >= 0 ? target.next() : right,
      ]);
      left = nextLeft;
      right = nextRight;
    }
  } finally {
    await Promise.all([source.return(undefined), target.return(undefined)]);
  }
}
