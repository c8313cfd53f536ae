/** Version times in three precisions. */
import { describe, expect, test } from 'vitest';
import { fromNanoseconds, sameTime, toMilliseconds, toNanoseconds } from '../../../events/times.ts';

describe('nanoseconds', () => {
  test.each([0n, 1n, 999_999_999n, 1_000_000_000n, 1_795_254_090_818_896_195n, 0xffffffffffffffffn])(
    '%d come back from their text',
    (nanoseconds) => {
      expect(toNanoseconds(fromNanoseconds(nanoseconds))).toBe(nanoseconds);
    },
  );

  test('are written with nine digits', () => {
    expect(fromNanoseconds(1_767_323_045_000_000_001n)).toBe('2026-01-02T03:04:05.000000001Z');
  });

  test('are read from as many digits as are known', () => {
    expect(toNanoseconds('1970-01-01T00:00:01Z')).toBe(1_000_000_000n);
    expect(toNanoseconds('1970-01-01T00:00:01.5Z')).toBe(1_500_000_000n);
    expect(toNanoseconds('1970-01-01T00:00:01.000000001Z')).toBe(1_000_000_001n);
  });

  test.each([
    '',
    'now',
    '2026-01-02',
    '2026-01-02T03:04:05',
    '2026-01-02T03:04:05+01:00',
    '2026-13-45T00:00:00Z',
  ])('are not read from "%s"', (text) => {
    expect(() => toNanoseconds(text)).toThrow(RangeError);
  });
});

test('milliseconds are cut, not rounded, as listings do', () => {
  expect(toMilliseconds('1970-01-01T00:00:00.001999999Z')).toBe(1);
});

describe('two times of one version', () => {
  test.each([
    ['2026-01-02T03:04:05.123456789Z', '2026-01-02T03:04:05.123Z', true],
    ['2026-01-02T03:04:05.123456789Z', '2026-01-02T03:04:05Z', true],
    ['2026-01-02T03:04:05.999Z', '2026-01-02T03:04:05Z', true],
    ['2026-01-02T03:04:05.123Z', '2026-01-02T03:04:05.124Z', false],
    ['2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05.999Z', false],
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:06Z', false],
    ['2026-01-02T03:04:05.999999999Z', '2026-01-02T03:04:06Z', false],
  ])('%s and %s: the same is %s', (one, other, same) => {
    expect(sameTime(one, other)).toBe(same);
    expect(sameTime(other, one)).toBe(same);
  });
});
