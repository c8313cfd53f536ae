/** What is remembered of snapshots, on a real NATS: one writer wins, and what is forgotten leaves nothing. */
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KnownSnapshot } from '../../../events/sources/volume-snapshots.ts';
import type { Bus } from '../../../infra/bus/connection.ts';
import { createSnapshotMemory } from '../../../infra/bus/snapshot-memory.ts';
import { bucketNames, ensureStreams } from '../../../infra/bus/streams.ts';
import type { SnapshotMemory } from '../../../infra/cluster/snapshot-news.ts';
import { snapshot as sample } from '../../unit/events/samples.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus-world.ts';

let world: BusWorld;
let bus: Bus;
let memory: SnapshotMemory;
beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
  await ensureStreams(bus, { links: [], sites: [] });
  memory = createSnapshotMemory(bus, await new Kvm(bus.jetstream).open(bucketNames.snapshots));
}, setupMs);
afterAll(() => world?.stop());

const knownAs = (uid: string, told: string[] = [], more: object = {}): KnownSnapshot => ({
  snapshot: { ...sample, uid, ...more },
  told,
  failures: [],
});
const messages = async () => (await bus.manager.streams.info(`KV_${bucketNames.snapshots}`)).state.messages;

test('what was remembered is recalled, until it is forgotten without a trace', async () => {
  const known = knownAs('u-1', ['an id']);
  const revision = await memory.remember(known, undefined);

  expect(await memory.recall(known.snapshot)).toEqual({ known, revision });
  await memory.forget(revision ?? 0);
  expect(await memory.recall(known.snapshot)).toBeUndefined();
  expect(await messages()).toBe(0);
});

test('of two who write at once one is told that he came second', async () => {
  const known = knownAs('u-2');
  const both = await Promise.all([memory.remember(known, undefined), memory.remember(known, undefined)]);
  expect(both.filter((revision) => revision === undefined)).toHaveLength(1);
  const [first] = both.filter((revision) => revision !== undefined);

  const second = await memory.remember(knownAs('u-2', ['newer']), first);
  expect(await memory.remember(knownAs('u-2', ['older']), first)).toBeUndefined();
  expect((await memory.recall(known.snapshot))?.known?.told).toEqual(['newer']);

  await memory.forget(first ?? 0);
  expect((await memory.recall(known.snapshot))?.revision).toBe(second);
  await memory.forget(second ?? 0);
  await memory.forget(second ?? 0);
  expect(await memory.remember(knownAs('u-2', ['too late']), second)).toBeUndefined();
});

test('all of one kind in one cluster are found, however many', async () => {
  const many = Array.from({ length: 300 }, (_, count) => knownAs(`many-${count}`));
  await Promise.all(many.map((known) => memory.remember(known, undefined)));
  await memory.remember(knownAs('group', [], { kind: 'VolumeGroupSnapshot' }), undefined);
  await memory.remember(knownAs('elsewhere', [], { cluster: 'tokyo' }), undefined);

  const found = await Array.fromAsync(memory.all({ cluster: 'paris', kind: 'VolumeSnapshot' }));
  expect(found.map(({ snapshot }) => snapshot.uid).toSorted()).toEqual(
    many.map(({ snapshot }) => snapshot.uid).toSorted(),
  );
});
