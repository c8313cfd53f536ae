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

/** A stream and a memory that outlive whoever uses them; `dieAfter` steps, every further one fails. */
function createWorld() {
  const told: CausewayEvent[] = [];
  const kept = new Map<string, { known: KnownSnapshot; revision: number }>();
  let [revisions, left] = [0, Number.POSITIVE_INFINITY];
  const step = (): void => {
    if (left <= 0) throw new Error('died');
    left -= 1;
  };
  const memory: SnapshotMemory = {
    async recall({ uid }) {
      step();
      return kept.get(uid);
    },
    async *all() {
      for (const { known } of kept.values()) yield known;
    },
    async remember(known, revision) {
      step();
      const { uid } = known.snapshot;
      if (kept.get(uid)?.revision !== revision) return undefined;
      revisions += 1;
      kept.set(uid, { known, revision: revisions });
      return revisions;
    },
    async forget(revision) {
      step();
      for (const [uid, entry] of kept) if (entry.revision === revision) kept.delete(uid);
    },
  };
  const watcher = (meanwhile = async () => {}) =>
    createSnapshotNews({
      cluster: 'paris',
      memory,
      publish: async (events) => {
        step();
        told.push(...events);
        await meanwhile();
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
  };
}

const kinds = (told: readonly CausewayEvent[]): string[] =>
  told.map(({ type }) => type.replace(/^dev\.causeway\.snapshot\.|\.v1$/g, ''));

test('what is seen again, by the same or by another, is no news', async () => {
  const { told, kept, watcher } = createWorld();
  await watcher().seen(object());
  await watcher().seen(object());
  await watcher().seen(ready);
  await watcher().seen(ready);
  await watcher().gone(snapshot);
  await watcher().gone(snapshot);

  expect(kinds(told)).toEqual(['created', 'ready', 'deleted']);
  expect(kept.size).toBe(0);
});

test.each([...Array(9).keys()])(
  'nothing is lost by who dies after %i steps, and no fact gets a second id',
  async (steps) => {
    const { told, kept, watcher, dieAfter } = createWorld();
    dieAfter(steps);
    const life = async () => {
      await watcher().seen(object());
      await watcher().seen(ready);
      await watcher().gone(snapshot);
    };
    await life().catch(() => undefined);
    dieAfter(Number.POSITIVE_INFINITY);
    // The next one finds the object gone, if anybody has seen it.
    for (const { known } of [...kept.values()]) await watcher().gone(known.snapshot);

    const facts = new Set(told.map(({ id }) => id));
    expect(facts.size).toBe(new Set(kinds(told)).size);
    expect(kinds(told).includes('deleted')).toBe(kinds(told).includes('created'));
    expect(told.length - facts.size).toBeLessThanOrEqual(1);
  },
);

test('who is overtaken by another while telling does not undo what the other remembers', async () => {
  const { told, kept, watcher } = createWorld();
  const other = watcher();
  let isFirst = true;
  const slow = watcher(async () => {
    if (isFirst) await other.seen(ready);
    isFirst = false;
  });
  await slow.seen(object());

  expect(new Set(kinds(told))).toEqual(new Set(['created', 'ready']));
  expect(new Set(told.map(({ id }) => id)).size).toBe(2);
  expect(kept.get('u-1')?.known.told).toHaveLength(2);
});

test('who is overtaken by the deletion does not bring the object back', async () => {
  const { told, kept, watcher } = createWorld();
  const other = watcher();
  await watcher(() => other.gone(snapshot)).seen(object());

  expect(kinds(told)).toEqual(['created', 'created', 'deleted']);
  expect(new Set(told.map(({ id }) => id)).size).toBe(2);
  expect(kept.size).toBe(0);
});
