/** Which snapshots exist and what was told of them, in NATS KV. What is forgotten leaves no tombstone. */
import { JetStreamApiError } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { identify } from '../../events/identity.ts';
import { type KnownSnapshot, knownSnapshotSchema } from '../../events/sources/volume-snapshots.ts';
import type { SnapshotMemory } from '../cluster/snapshot-news.ts';
import type { Bus } from './connection.ts';
import { readStream } from './read-stream.ts';
import { bucketNames } from './streams.ts';

const stream = `KV_${bucketNames.snapshots}`;
const prefix = `$KV.${bucketNames.snapshots}.`;

type Named = Pick<KnownSnapshot['snapshot'], 'cluster' | 'kind' | 'uid'>;
const keyOf = ({ cluster, kind, uid }: Named): string => `${cluster}.${kind}.${identify(uid)}`;

export function createSnapshotMemory(bus: Bus, kv: KV): SnapshotMemory {
  return {
    async recall(snapshot) {
      const stored = await kv.get(keyOf(snapshot));
      if (stored?.operation !== 'PUT') return undefined;
      return { known: parse(stored.string()), revision: stored.revision };
    },
    async *all({ cluster, kind }) {
      const subjects = [`${prefix}${cluster}.${kind}.>`];
      for await (const message of readStream(bus, stream, { subjects })) {
        const known = parse(message.string());
        if (known) yield known;
      }
    },
    async remember(known, revision) {
      const key = keyOf(known.snapshot);
      const value = JSON.stringify(known);
      try {
        return await (revision === undefined ? kv.create(key, value) : kv.update(key, value, revision));
      } catch (error) {
        if (isApiError(error, changedSince)) return undefined;
        throw error;
      }
    },
    async forget(revision) {
      try {
        await bus.manager.streams.deleteMessage(stream, revision, false);
      } catch (error) {
        // It is not there: somebody else has forgotten it, or has written since; the next listing shows him that it is gone.
        if (!notThere.some((code) => isApiError(error, code))) throw error;
      }
    },
  };
}

/** JetStream's codes. */
const changedSince = 10071;
/** It says the one or the other, as it happens to find out. */
const notThere = [10043, 10057];
const isApiError = (error: unknown, code: number): boolean =>
  error instanceof JetStreamApiError && error.code === code;

/** Undefined where it is nothing of ours: it is then told again, under the same ids. */
function parse(text: string): KnownSnapshot | undefined {
  try {
    return knownSnapshotSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
