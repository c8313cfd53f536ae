/** Copies that would wait for each other are not made at once. */
import { expect, test } from 'vitest';
import { createCrossings } from '../../../../infra/stores/crossings.ts';

const at = (key: string, bucket = 'photos') => ({ bucket, key, versionId: 'v' });

test('two that cross, also by way of others, are not made at once', () => {
  const { enter } = createCrossings();
  enter(at('a'), at('b'));
  enter(at('a'), at('c'));

  expect(enter(at('b'), at('a'))).toBeUndefined();
  expect(enter(at('c'), at('d'))).toBeUndefined();
  expect(enter(at('d'), at('a'))).toBeUndefined();
  expect(enter(at('b', 'films'), at('a', 'films'))).toBeDefined();
  expect(enter(at('d'), at('c'))).toBeDefined();
});

test('within one key nothing waits', () => {
  const { enter } = createCrossings();
  enter(at('a'), at('a'));

  expect(enter(at('a'), at('b'))).toBeDefined();
});

test('when all have left, the way is free', () => {
  const { enter } = createCrossings();
  const [one, other] = [enter(at('a'), at('b')), enter(at('a'), at('b'))];

  one?.();
  expect(enter(at('b'), at('a'))).toBeUndefined();
  other?.();
  expect(enter(at('b'), at('a'))).toBeDefined();
});
