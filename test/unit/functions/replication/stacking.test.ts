/** What goes into one stack, and how much memory is asked for it. */
import { expect, test } from 'vitest';
import type { BatchContext, StackEntry, Stacking } from '../../../../functions/ports.ts';
import { stackUp } from '../../../../functions/replication/stacking.ts';
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
