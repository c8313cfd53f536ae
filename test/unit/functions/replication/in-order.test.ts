import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inOrder } from '../../../../functions/replication/in-order.ts';

test('gives results in order, with so many under way at most', async () => {
  let running = 0;
  let most = 0;
  const results: number[] = [];
  const items = Array.from({ length: 20 }, (_, index) => index);

  const done = inOrder(items, 4, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await sleep((item % 3) * 2);
    running -= 1;
    return item;
  });
  for await (const result of done) results.push(result);

  expect(results).toEqual(items);
  expect(most).toBe(4);
});

test('a failure comes in its turn, and none is left unheard', async () => {
  const results: string[] = [];
  const done = inOrder(['a', 'b', 'c'], 3, async (item) => {
    if (item !== 'a') throw new Error(`no ${item}`);
    return item;
  });

  await expect(
    (async () => {
      for await (const result of done) results.push(result);
    })(),
  ).rejects.toThrow('no b');
  expect(results).toEqual(['a']);
});
