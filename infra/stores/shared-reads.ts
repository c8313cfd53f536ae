/**
 * One read for all links that start at a source: of versions that are sent to several targets at about the same time,
 * small content is fetched once. It is kept for seconds and within a bound of bytes; nobody waits longer than for a
 * read of his own, and what fails for one is read again by the next.
 */
import type { VersionRef } from '../../events/object-events.ts';
import type { Clock, Content, ObjectStore } from '../../functions/ports.ts';

/** Larger content streams through to whoever asked. */
const largest = 1024 * 1024;
const mostBytes = 32 * 1024 * 1024;
/**
 * Tags may change, and versions go: a link that comes later reads for itself. Far less than what a purge's second look
 * waits beyond the longest PUT.
 */
const keptMs = 20_000;

interface Kept {
  /** Undefined where it cannot be shared: absent, or too large. */
  readonly content: Promise<Shared | undefined>;
  readonly since: number;
  bytes: number;
}

type Shared = Omit<Content, 'chunks' | 'discard'> & { readonly body: Buffer };

export function sharedReads(store: ObjectStore, clock: Pick<Clock, 'now'>): ObjectStore {
  const kept = new Map<string, Kept>();
  let bytes = 0;

  function forget(name: string, entry: Kept): void {
    if (kept.get(name) !== entry) return;
    kept.delete(name);
    bytes -= entry.bytes;
  }

  /** Oldest first: entries are in the order of their reads. */
  function makeRoom(): void {
    for (const [name, entry] of kept) {
      if (bytes <= mostBytes && clock.now() - entry.since <= keptMs) return;
      forget(name, entry);
    }
  }

  async function first(name: string, ref: VersionRef): Promise<Content | undefined> {
    const shared = Promise.withResolvers<Shared | undefined>();
    // Others may ask, or nobody.
    shared.promise.catch(() => undefined);
    const entry: Kept = { content: shared.promise, since: clock.now(), bytes: 0 };
    kept.set(name, entry);
    try {
      const content = await store.read(ref);
      if (!content || content.facts.size > largest) {
        forget(name, entry);
        shared.resolve(undefined);
        return content;
      }
      const { facts, encryption } = content;
      const body = await gathered(content);
      if (kept.get(name) === entry) {
        entry.bytes = body.length;
        bytes += body.length;
      }
      shared.resolve({ facts, encryption, body });
      makeRoom();
      return copyOf({ facts, encryption, body });
    } catch (error) {
      forget(name, entry);
      shared.reject(error);
      throw error;
    }
  }

  return {
    ...store,
    async read(ref) {
      makeRoom();
      const name = `${ref.bucket}/${ref.versionId}/${ref.key}`;
      const known = kept.get(name);
      if (!known) return first(name, ref);
      const shared = await known.content.catch(() => undefined);
      return shared ? copyOf(shared) : store.read(ref);
    },
  };
}

async function gathered({ chunks }: Content): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces);
}

function copyOf({ body, ...about }: Shared): Content {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (body.length > 0) yield body;
  }
  return { ...about, chunks: chunks(), discard: () => undefined };
}
