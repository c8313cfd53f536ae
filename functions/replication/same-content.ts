/** Reads a version at two sites at once and compares what it holds; memory holds a chunk of each. */
import { createHash } from 'node:crypto';
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
import { TerminalError } from '../errors.ts';
import type { Content, ObjectStore } from '../ports.ts';

export type ReadBoth =
  | {
      readonly state: 'read';
      /** All that each site tells of the version, the Expires header too. */
      readonly facts: readonly [VersionFacts, VersionFacts];
      /** SHA-256 of what was read. */
      readonly digests: readonly [string, string];
      readonly bytes: number;
    }
  /** One of them has it no longer. */
  | { readonly state: 'gone' }
  | { readonly state: 'unreadable'; readonly reason: string };

export async function readBoth(
  one: { readonly store: ObjectStore; readonly ref: VersionRef },
  other: { readonly store: ObjectStore; readonly ref: VersionRef },
): Promise<ReadBoth> {
  const opened: Content[] = [];
  const open = async ({ store, ref }: typeof one): Promise<Content | undefined> => {
    const content = await store.read(ref);
    if (content) opened.push(content);
    return content;
  };
  try {
    const [left, right] = await allSettled([open(one), open(other)]);
    if (!left || !right) return { state: 'gone' };
    const [first, second] = await allSettled([digest(left), digest(right)]);
    const facts = [left.facts, right.facts] as const;
    const digests = [first.sha256, second.sha256] as const;
    return { state: 'read', facts, digests, bytes: first.bytes + second.bytes };
  } catch (error) {
    if (error instanceof TerminalError) return { state: 'unreadable', reason: error.message };
    throw error;
  } finally {
    for (const content of opened) content.discard();
  }
}

/** Waits for both, so that nothing is still being opened when one has failed. */
async function allSettled<Value>(
  both: readonly [Promise<Value>, Promise<Value>],
): Promise<readonly [Value, Value]> {
  await Promise.allSettled(both);
  return Promise.all(both);
}

async function digest(content: Content): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of content.chunks) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { sha256: hash.digest('hex'), bytes };
}
