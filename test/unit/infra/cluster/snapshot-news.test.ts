/** Each fact once, whoever dies between which steps, and whoever else watches. */
import { expect, test } from 'vitest';
import type { CausewayEvent } from '../../../../events/cloudevent.ts';
import { type KnownSnapshot, readSnapshot } from '../../../../events/sources/volume-snapshots.ts';
import { createSnapshotNews, type SnapshotMemory } from '../../../../infra/cluster/snapshot-news.ts';

const object = (status: object = {}) => ({
  kind: 'VolumeSnapshot',
  metadata: { uid: 'u-1', namespace: 'shop', name: 'daily', creationTimestamp: '2026-01-02T03:04:05Z' },
  spec: { source: { persistentVolumeClaimName: 'orders' } },
  status,
});
const ready = object({ boundVolumeSnapshotContentName: 'content', readyToUse: true });
const { snapshot } = readSnapshot('paris', ready);

/** A stream and a memory that outlive whoever uses them; after `dieAfter` steps every further one fails. */
function createWorld() {
  const told: CausewayEvent[] = [];
  const kept = new Map<string, { known: KnownSnapshot; revision: number } | 'forgotten'>();
  let [revisions, left] = [0, Number.POSITIVE_INFINITY];
  const step = (): void => {
    if (left <= 0) throw new Error('died');
    left -= 1;
  };
  const revisionOf = (uid: string): number | undefined => {
    const entry = kept.get(uid);
    return entry === 'forgotten' ? Number.NaN : entry?.revision;
  };
  const memory: SnapshotMemory = {
    async recall({ uid }) {
      step();
      return kept.get(uid);
    },
    async *all() {
      for (const entry of kept.values()) if (entry !== 'forgotten') yield entry.known;
    },
    async remember(known, revision) {
      step();
      const { uid } = known.state.snapshot;
      if (revisionOf(uid) !== revision) return;
      revisions += 1;
      kept.set(uid, { known, revision: revisions });
    },
    async forget({ uid }, revision) {
      step();
      if (revisionOf(uid) === revision) kept.set(uid, 'forgotten');
    },
  };
  const watcher = (before = async () => {}) =>
    createSnapshotNews({
      cluster: 'paris',
      memory,
      publish: async (events) => {
        await before();
        step();
        told.push(...events);
      },
      now: () => 0,
    });
  return {
    told,
    kept,
    watcher,
    dieAfter: (steps: number) => {
      left = steps;
    },
    /** What a stream shows that knows ids again. */
    shown: () => [...new Map(told.map(({ id, type }) => [id, type.split('.')[3]])).values()],
  };
}

test('what is seen again, by the same or by another, is no news', async () => {
  const { told, kept, watcher, shown } = createWorld();
  await watcher().seen(object());
  await watcher().seen(object());
  await watcher().seen(ready);
  await watcher().seen(ready);
  await watcher().gone(snapshot);
  await watcher().gone(snapshot);
  await watcher().seen(ready);

  expect(shown()).toEqual(['created', 'ready', 'deleted']);
  expect(told).toHaveLength(3);
  expect([...kept.values()]).toEqual(['forgotten']);
});

test.each([...Array(22).keys()])(
  'who dies after %i steps loses nothing and tells no order wrong',
  async (steps) => {
    const { told, kept, watcher, dieAfter, shown } = createWorld();
    dieAfter(steps);
    const life = async () => {
      await watcher().seen(object());
      await watcher().seen(ready);
      await watcher().gone(snapshot);
    };
    await life().catch(() => undefined);
    dieAfter(Number.POSITIVE_INFINITY);
    const wasNoted = kept.size > 0;
    await watcher().gone(snapshot);

    const whole = ['created', 'ready', 'deleted'];
    expect([[], ['created', 'deleted'], whole]).toContainEqual(shown());
    expect(shown().length > 0).toBe(wasNoted);
    expect(told.length - shown().length).toBeLessThanOrEqual(1);
  },
);

test('who is overtaken while telling does not undo what the other remembers', async () => {
  const { kept, watcher, shown } = createWorld();
  const other = watcher();
  const slow = watcher(() => other.seen(ready));
  await slow.seen(object());

  expect(shown()).toEqual(['created', 'ready']);
  expect(kept.get('u-1')).toMatchObject({ known: { told: expect.toSatisfy((ids) => ids.length === 2) } });
});

test('whatever comes in between, nothing of an object is new after its deletion', async () => {
  const { kept, watcher, shown } = createWorld();
  await watcher().seen(object());
  const other = watcher();
  // It is about to tell that the object is ready when another sees that it is gone.
  await watcher(() => other.gone(snapshot)).seen(ready);

  expect(shown()).toEqual(['created', 'ready', 'deleted']);
  expect([...kept.values()]).toEqual(['forgotten']);
});

test('who tells of the end may know an older state: nothing is told anew for that', async () => {
  const { told, watcher } = createWorld();
  const { content: _, ...older } = snapshot;
  await watcher().seen(ready);
  await watcher().gone(older);

  expect(told.map(({ type }) => type.split('.')[3])).toEqual(['created', 'ready', 'deleted']);
});

test('the end of an object is not told by who looked for it under another name', async () => {
  const { watcher, shown } = createWorld();
  await watcher().seen(object());
  await watcher().gone({ ...snapshot, name: 'another' });
  await watcher().gone({ ...snapshot, namespace: 'another' });
  await watcher().seen(ready);

  expect(shown()).toEqual(['created', 'ready']);
});
