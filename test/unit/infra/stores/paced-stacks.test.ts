/** Stacks shrink until a slow site takes them in time, and grow again. */
import { expect, test } from 'vitest';
import { SiteUnavailableError } from '../../../../functions/errors.ts';
import type { StackEntry } from '../../../../functions/ports.ts';
import { memoryStore } from '../../../../infra/stores/memory.ts';
import { withPacedStacks } from '../../../../infra/stores/paced-stacks.ts';
import { newRef, plainFacts } from '../../../contract/store/fixture.ts';
import { newSite } from '../../../contract/store/memory-fixture.ts';

const deadlineMs = 8_000;
const mebibyte = 1024 * 1024;

/** A site that takes so many bytes a second, and gives up at the deadline. */
function prepare() {
  const link = { bytesPerSecond: 16 * mebibyte };
  const clock = { at: 0, now: () => clock.at };
  const own = memoryStore(newSite());
  if (!own.stacking) throw new Error('the store takes stacks');
  const stacking = {
    ...own.stacking,
    largestStack: 32 * mebibyte,
    async write(_bucket: string, entries: readonly StackEntry[]) {
      const ms = (sizeOf(entries) / link.bytesPerSecond) * 1000;
      clock.at += Math.min(ms, deadlineMs);
      if (ms > deadlineMs) throw new SiteUnavailableError('tokyo', 'no answer within 8 s');
      return [];
    },
  };
  const store = withPacedStacks(
    { ...own, stacking, close: async () => undefined },
    { deadlineMs, now: clock.now },
  );
  if (!store.stacking) throw new Error('the store takes stacks');
  return { link, clock, stacking: store.stacking };
}

const sizeOf = (entries: readonly StackEntry[]): number =>
  entries.reduce((sum, { body }) => sum + body.length, 0);
function stackOf(size: number): StackEntry[] {
  const body = new Uint8Array(size);
  return [{ ref: newRef('versioned', 'key'), facts: plainFacts(body), body }];
}

test('a fast site is sent full stacks', async () => {
  const { stacking } = prepare();

  await stacking.write('versioned', stackOf(stacking.largestStack));

  expect(stacking.largestStack).toBe(32 * mebibyte);
});

test('on a slow link they shrink until they are there in time, and grow when it is fast again', async () => {
  const { link, stacking } = prepare();
  link.bytesPerSecond = 0.25 * mebibyte;
  let failures = 0;
  const send = () => stacking.write('versioned', stackOf(stacking.largestStack)).catch(() => failures++);
  for (let turn = 0; turn < 10; turn++) await send();
  const slow = stacking.largestStack;
  link.bytesPerSecond = 64 * mebibyte;
  for (let turn = 0; turn < 10; turn++) await send();

  expect(failures).toBe(4);
  expect(slow).toBe(mebibyte);
  expect(stacking.largestStack).toBe(32 * mebibyte);
});

test('small stacks that are quick do not make a slow link trusted again', async () => {
  const { link, stacking } = prepare();
  link.bytesPerSecond = 0.25 * mebibyte;
  for (let turn = 0; turn < 10; turn++) {
    await stacking.write('versioned', stackOf(stacking.largestStack)).catch(() => undefined);
  }
  await stacking.write('versioned', stackOf(1024));

  expect(stacking.largestStack).toBe(mebibyte);
});

test('however slow, something goes', async () => {
  const { link, stacking } = prepare();
  link.bytesPerSecond = 1;
  for (let turn = 0; turn < 20; turn++) {
    await stacking.write('versioned', stackOf(stacking.largestStack)).catch(() => undefined);
  }

  expect(stacking.largestStack).toBe(64 * 1024);
});
