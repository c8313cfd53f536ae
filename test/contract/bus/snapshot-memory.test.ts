/** What is remembered of snapshots, on a real NATS: one writer wins, and what is forgotten leaves nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KnownSnapshot } from '../../../events/sources/volume-snapshots.ts';
import type { Bus } from '../../../infra/bus/connection.ts';
import { openSnapshotMemory } from '../../../infra/bus/snapshot-memory.ts';
import { bucketNames, ensureStreams } from '../../../infra/bus/streams.ts';
import type { Remembered, SnapshotMemory } from '../../../infra/cluster/snapshot-news.ts';
import { snapshot as sample } from '../../unit/events/samples.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus-world.ts';

let world: BusWorld;
let bus: Bus;
let memory: SnapshotMemory;
beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
  await ensureStreams(bus, { links: [], sites: [] });
  memory = await openSnapshotMemory(bus, 'on the stream');
}, setupMs);
afterAll(() => world?.stop());

const knownAs = (uid: string, told: string[] = [], more: object = {}): KnownSnapshot => ({
  state: { snapshot: { ...sample, uid, ...more }, isReady: true, isGone: false },
  told,
  failures: [],
});

/** The entry, which has to be there. */
async function recalled({ state }: KnownSnapshot): Promise<Remembered> {
  const stored = await memory.recall(state.snapshot);
  if (stored === undefined || stored === 'forgotten') throw new Error(`it is ${stored ?? 'unknown'}`);
  return stored;
}

test('what was remembered is recalled, until it is forgotten; it does not come back then', async () => {
  const known = knownAs('u-1', ['an id']);
  const { snapshot } = known.state;
  expect(await memory.recall(snapshot)).toBeUndefined();
  await memory.remember(known, undefined);
  const { revision } = await recalled(known);

  expect(await recalled(known)).toEqual({ known, revision });
  await memory.forget(snapshot, revision);
  await memory.forget(snapshot, revision);
  await memory.remember(known, revision);
  await memory.remember(known, undefined);
  expect(await memory.recall(snapshot)).toBe('forgotten');
});

test('the mark of what was forgotten goes by itself', async () => {
  const { manager } = bus;
  const last_by_subj = `$KV.${bucketNames.snapshots}.>`;
  const mark = await manager.streams.getMessage(`KV_${bucketNames.snapshots}`, { last_by_subj });

  expect(mark?.header.get('Nats-TTL')).toBe('1h');
});

test('of two who write at once the first one stays', async () => {
  const known = knownAs('u-2');
  const both = ['one', 'other'].map((id) => memory.remember(knownAs('u-2', [id]), undefined));
  await Promise.all(both);
  const first = await recalled(known);
  expect(first.known?.told).toHaveLength(1);

  await memory.remember(knownAs('u-2', ['newer']), first.revision);
  await memory.remember(knownAs('u-2', ['older']), first.revision);
  await memory.forget(known.state.snapshot, first.revision);
  const { known: last, revision } = await recalled(known);
  expect(last?.told).toEqual(['newer']);
  await memory.forget(known.state.snapshot, revision);
});

test('all of one kind in one cluster are found, however many', async () => {
  const many = Array.from({ length: 300 }, (_, count) => knownAs(`many-${count}`));
  await Promise.all(many.map((known) => memory.remember(known, undefined)));
  await memory.remember(knownAs('group', [], { kind: 'VolumeGroupSnapshot' }), undefined);
  await memory.remember(knownAs('elsewhere', [], { cluster: 'tokyo' }), undefined);

  const found = await Array.fromAsync(memory.all({ cluster: 'paris', kind: 'VolumeSnapshot' }));
  expect(found.map(({ state }) => state.snapshot.uid).toSorted()).toEqual(
    many.map(({ state }) => state.snapshot.uid).toSorted(),
  );
});

test('what was told on the stream was not told to a Broker', async () => {
  const broker = await openSnapshotMemory(bus, 'to a Broker');
  const known = knownAs('both', ['an id'], { cluster: 'oslo' });
  const { snapshot } = known.state;
  await memory.remember(known, undefined);
  expect(await broker.recall(snapshot)).toBeUndefined();
  await broker.remember(known, undefined);

  for (const one of [memory, broker])
    expect(await Array.fromAsync(one.all({ cluster: 'oslo', kind: 'VolumeSnapshot' }))).toEqual([known]);
  await broker.forget(snapshot, 0);
  expect(await recalled(known)).toMatchObject({ known });
});
