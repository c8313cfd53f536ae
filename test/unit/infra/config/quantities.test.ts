import { describe, expect, it } from 'vitest';
import { duration, parseDuration, parseSize } from '../../../../infra/config/quantities.ts';

describe('quantities', () => {
  it.each([
    ['500ms', 500],
    ['2s', 2000],
    ['1m', 60_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('reads the duration %s as %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(['', '1', 's', '1 s', '-1s', '1M', '1min', '1e3s', '99999999999999d', '1toString'])(
    'takes %j for no duration',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it.each([
    ['0B', 0],
    ['1kB', 1000],
    ['50MiB', 52_428_800],
    ['1.5GiB', 1_610_612_736],
  ])('reads the size %s as %d bytes', (text, expected) => {
    expect(parseSize(text)).toBe(expected);
  });

  it.each(['499ms', '25h', 'soon'])('refuses %j for a duration field from 500ms to 24h', (text) => {
    const parsed = duration('500ms', '24h').safeParse(text);

    expect(parsed.error?.issues[0]?.message).toBe(
      'must be a duration such as 1m, 2s or 500ms, from 500ms to 24h',
    );
  });
});
