/** What goes into one stack, how much memory is asked for it, and in which order stacks are read. */
import { expect, test } from 'vitest';
import type { BatchContext, ObjectStore, StackEntry, Stacking } from '../../../../functions/ports.ts';
import { stackUp } from '../../../../functions/replication/stacking.ts';
import { createLimit } from '../../../../infra/host/limit.ts';
import { put } from '../../../contract/hosts/case.ts';
import { createHostWorld } from '../../../contract/hosts/world.ts';

function watched() {
  const world = createHostWorld();
  const { stacking } = world.stores.west;
  if (!stacking) throw new Error('the store in memory takes stacks');
  const stacks: number[] = [];
  const rooms: number[] = [];
  const watching: Stacking = {
    ...stacking,
    largestEntry: 100,
    largestStack: 400,
    async room(bytes) {
      rooms.push(bytes);
      return () => undefined;
    },
    write(bucket: string, entries: readonly StackEntry[]) {
      stacks.push(entries.length);
      return stacking.write(bucket, entries);
    },
  };
  const target = { ...world.stores.west, stacking: watching };
  const context: BatchContext = { ...world.contextOf(world.link), target };
  const versions = Array.from({ length: 12 }, (_, n) => put(world, 'east', `in/${n}`));
  return { context, versions, stacks, rooms };
}

test('versions of a known size fill a stack', async () => {
  const { context, versions, stacks, rooms } = watched();

  await Promise.all(
    stackUp(
      versions.map((version) => ({ ...version, size: 50 })),
      context,
    ),
  );

  expect([stacks, rooms]).toEqual([
    [8, 4],
    [400, 200],
  ]);
});

test('one of an unknown size takes the room of the largest: memory is never asked for too little', async () => {
  const { context, versions, stacks, rooms } = watched();

  await Promise.all(stackUp(versions, context));

  expect([stacks, rooms]).toEqual([
    [4, 4, 4],
    [400, 400, 400],
  ]);
});

test('one stack is on its way before the next is read', async () => {
  const { context, versions, stacks } = watched();
  const read: string[] = [];
  const source: ObjectStore = {
    ...context.source,
    read(ref) {
      read.push(`${ref.key} when ${stacks.length} are written`);
      return context.source.read(ref);
    },
  };
  const { stacking } = context.target;
  if (!stacking) throw new Error('the store in memory takes stacks');
  const target = { ...context.target, stacking: { ...stacking, inTurn: createLimit(2) } };

  await Promise.all(
    stackUp(
      versions.map((version) => ({ ...version, size: 50 })),
      { ...context, source, target },
    ),
  );

  expect(read.slice(0, 8)).toEqual(versions.slice(0, 8).map(({ key }) => `${key} when 0 are written`));
  expect(read.at(-1)).toBe('in/11 when 1 are written');
});
