/**
 * Tells each fact about snapshots once, through restarts and beside others who watch the same cluster, and nothing of an
 * object after its deletion. Everybody writes down what he sees in a memory that all share before he tells it, and tells
 * first what others have written and not yet told: so whoever dies, and whoever is behind, the facts come in one order.
 * What was told by one who died before he remembered it is told again, under the same id. A state that nobody has written down
 * before its object was known to be gone is not told.
 */
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { Snapshot } from '../../events/snapshot-events.ts';
import {
  type KnownSnapshot,
  newsOf,
  readSnapshot,
  type SnapshotState,
} from '../../events/sources/volume-snapshots.ts';

export interface Remembered {
  /** Undefined where it cannot be read. */
  readonly known: KnownSnapshot | undefined;
  readonly revision: number;
}

export interface SnapshotMemory {
  /** `forgotten` for some time after it was, so that one who is behind does not begin anew. */
  recall(snapshot: Snapshot): Promise<Remembered | 'forgotten' | undefined>;
  /** All that are remembered. */
  all(of: Pick<Snapshot, 'cluster' | 'kind'>): AsyncIterable<KnownSnapshot>;
  /** Does nothing when somebody else has written since `revision`. */
  remember(known: KnownSnapshot, revision: number | undefined): Promise<void>;
  /** Does nothing when somebody else has written since `revision`. */
  forget(snapshot: Snapshot, revision: number): Promise<void>;
}

export interface SnapshotNews {
  /** The object was seen as it is. Throws EventError for what is no snapshot. */
  seen(object: unknown): Promise<void>;
  /**
   * The object is gone, and with it what was noted of it is told, whatever this says of it. Nothing happens where it was
   * noted under another name: who looked there has not looked for it.
   */
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
  /** Tells what is written down; resolves to what is known when there is nothing left to tell. */
  async function settled(snapshot: Snapshot): Promise<Remembered | 'forgotten' | undefined> {
    for (;;) {
      const stored = await memory.recall(snapshot);
      if (stored === undefined || stored === 'forgotten' || !stored.known) return stored;
      const { events, known } = newsOf(stored.known.state, stored.known, now());
      if (events.length === 0) return stored;
      await publish(events);
      await memory.remember(known, stored.revision);
    }
  }

  const note = (state: SnapshotState, { known, revision }: Partial<Remembered>): Promise<void> =>
    memory.remember({ state, told: known?.told ?? [], failures: known?.failures ?? [] }, revision);

  return {
    async seen(object) {
      const state = readSnapshot(cluster, object);
      for (;;) {
        const stored = await settled(state.snapshot);
        if (stored === 'forgotten' || stored?.known?.state.isGone) return;
        if (newsOf(state, stored?.known, now()).events.length === 0) return;
        await note(state, stored ?? {});
      }
    },
    async gone(snapshot) {
      for (;;) {
        const stored = await settled(snapshot);
        if (stored === undefined || stored === 'forgotten') return;
        if (stored.known && !isSameName(snapshot, stored.known.state.snapshot)) return;
        if (!stored.known || stored.known.state.isGone) await memory.forget(snapshot, stored.revision);
        // As it was noted last: who tells of the end may know an older state.
        else await note({ ...stored.known.state, isGone: true }, stored);
      }
    },
  };
}

const isSameName = (one: Snapshot, other: Snapshot): boolean =>
  one.namespace === other.namespace && one.name === other.name;
