/**
 * Tells each fact about snapshots once, through restarts and beside others who watch the same cluster: what was told is
 * remembered outside the process. That a snapshot exists is written down before it is told, so that its deletion is told
 * even by one who never saw it. Who dies between telling and remembering is told of again, under the same id.
 */
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { Snapshot } from '../../events/snapshot-events.ts';
import {
  deletionOf,
  type KnownSnapshot,
  newsOf,
  readSnapshot,
} from '../../events/sources/volume-snapshots.ts';

export interface Remembered {
  readonly known: KnownSnapshot | undefined;
  readonly revision: number;
}

export interface SnapshotMemory {
  recall(snapshot: Snapshot): Promise<Remembered | undefined>;
  /** All that are known to exist. */
  all(of: Pick<Snapshot, 'cluster' | 'kind'>): AsyncIterable<KnownSnapshot>;
  /** Resolves to the new revision; to undefined when somebody else has written since `revision`. */
  remember(known: KnownSnapshot, revision: number | undefined): Promise<number | undefined>;
  forget(revision: number): Promise<void>;
}

export interface SnapshotNews {
  /** The object was seen as it is. Throws EventError for what is no snapshot. */
  seen(object: unknown): Promise<void>;
  /** The object is gone. */
  gone(snapshot: Snapshot): Promise<void>;
}

export interface SnapshotNewsOptions {
  readonly cluster: string;
  readonly memory: SnapshotMemory;
  /** Resolves when the events are on the stream. */
  readonly publish: (events: readonly CausewayEvent[]) => Promise<unknown>;
  readonly now: () => number;
}

export function createSnapshotNews({ cluster, memory, publish, now }: SnapshotNewsOptions): SnapshotNews {
  return {
    async seen(object) {
      const state = readSnapshot(cluster, object);
      const { snapshot } = state;
      // Again whenever somebody else was faster: what he told is then no news.
      for (let wasKnown = false; ; wasKnown = true) {
        const before = await memory.recall(snapshot);
        // Forgotten in between: he has told that it is gone.
        if (!before && wasKnown) return;
        const { events, known } = newsOf(state, before?.known, now());
        if (events.length === 0) return;
        const revision =
          before?.revision ?? (await memory.remember({ snapshot, told: [], failures: [] }, undefined));
        if (revision === undefined) continue;
        await publish(events);
        if ((await memory.remember(known, revision)) !== undefined) return;
      }
    },
    async gone(snapshot) {
      const before = await memory.recall(snapshot);
      // Then somebody else has told it.
      if (!before) return;
      // Who wrote down that it exists may have died before it said so.
      const unsaid = newsOf({ snapshot, isReady: false, error: undefined }, before.known, now()).events;
      await publish([...unsaid, deletionOf(snapshot, now())]);
      await memory.forget(before.revision);
    },
  };
}
