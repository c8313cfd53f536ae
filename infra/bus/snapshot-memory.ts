/** Which snapshots exist and what was told of them, in NATS KV. What is forgotten leaves a mark that goes by itself. */
import { JetStreamApiError } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { identify } from '../../events/identity.ts';
import type { Snapshot } from '../../events/snapshot-events.ts';
import { type KnownSnapshot, knownSnapshotSchema } from '../../events/sources/volume-snapshots.ts';
import type { SnapshotMemory } from '../cluster/snapshot-news.ts';
import type { Bus } from './connection.ts';
import { readStream } from './read-stream.ts';
import { bucketNames } from './streams.ts';

const stream = `KV_${bucketNames.snapshots}`;
const prefix = `$KV.${bucketNames.snapshots}.`;

/**
 * Where it was told. Whoever listens at a Broker hears nothing of the stream: what one of them was told is news to the
 * other.
 */
export type Told = 'on the stream' | 'to a Broker';

/** Of the bucket that `ensureStreams` makes. */
export async function openSnapshotMemory(bus: Bus, told: Told): Promise<SnapshotMemory> {
  const kv = await new Kvm(bus.jetstream).open(bucketNames.snapshots);
  const part = told === 'on the stream' ? '' : 'broker.';
  const keyOf = ({ cluster, kind, uid }: Snapshot): string => `${part}${cluster}.${kind}.${identify(uid)}`;
  return {
    async recall(snapshot) {
      const stored = await kv.get(keyOf(snapshot));
      if (!stored) return undefined;
      if (stored.operation !== 'PUT') return 'forgotten';
      return { known: parse(stored.string()), revision: stored.revision };
    },
    async *all({ cluster, kind }) {
      const subjects = [`${prefix}${part}${cluster}.${kind}.>`];
      for await (const message of readStream(bus, stream, { subjects })) {
        const known = parse(message.string());
        if (known) yield known;
      }
    },
    async remember(known, revision) {
      // Not `create`, which begins anew where there is the mark of what was forgotten.
      const writing = kv.put(keyOf(known.state.snapshot), JSON.stringify(known), {
        previousSeq: revision ?? 0,
      });
      await unlessChanged(writing);
    },
    async forget(snapshot, revision) {
      await unlessChanged(kv.purge(keyOf(snapshot), { previousSeq: revision, ttl: forgottenFor }));
    },
  };
}

/** Longer than anybody can be behind: a watch that brings nothing new is begun again within a minute. */
const forgottenFor = '1h';
/** JetStream's code. */
const changedSince = 10071;

async function unlessChanged(writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === changedSince)) throw error;
  }
}

/** Undefined where it is nothing of ours: it is then told again, under the same ids. */
function parse(text: string): KnownSnapshot | undefined {
  try {
    return knownSnapshotSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
