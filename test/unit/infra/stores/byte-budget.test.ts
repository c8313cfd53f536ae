/** Uploads wait for memory in their order, and too large a wish is granted alone. */
import { expect, test } from 'vitest';
import { byteBudget } from '../../../../infra/stores/byte-budget.ts';

test('what does not fit waits its turn, and nothing overtakes it', async () => {
  const budget = byteBudget(10);
  const granted: string[] = [];
  const take = async (name: string, bytes: number) => {
    const release = await budget.take(bytes);
    granted.push(name);
    return release;
  };
  const first = await take('first', 6);
  const second = take('second', 6);
  const third = take('third', 1);
  await Promise.resolve();
  expect(granted).toEqual(['first']);

  first();
  first();

  (await second)();
  (await third)();
  expect(granted).toEqual(['first', 'second', 'third']);
});

test('more than there is is granted once nobody else holds any', async () => {
  const budget = byteBudget(10);
  const small = await budget.take(1);
  let isGranted = false;
  const large = budget.take(1_000).then((release) => {
    isGranted = true;
    return release;
  });
  await Promise.resolve();
  expect(isGranted).toBe(false);

  small();

  (await large)();
  (await budget.take(10))();
});

test('nothing is had for nothing', async () => {
  const budget = byteBudget(10);
  const all = await budget.take(10);

  (await budget.take(0))();

  all();
});
