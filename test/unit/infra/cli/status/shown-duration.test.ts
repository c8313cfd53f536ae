/** Durations as people read them. */
import { expect, test } from 'vitest';
import { shownDuration } from '../../../../../infra/cli/status/shown-duration.ts';

test.each([
  [-5, '0 ms'],
  [0, '0 ms'],
  [12.4, '12 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [65_000, '65.0 s'],
  [120_000, '2 min'],
  [7_199_999, '119 min'],
  [7_200_000, '2 h'],
  [172_800_000, '2 d'],
])('%d is %s', (ms, expected) => {
  expect(shownDuration(ms)).toBe(expected);
});
