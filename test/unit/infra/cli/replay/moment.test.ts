/** Moments as people give them. */
import { describe, expect, test } from 'vitest';
import { parseMoment } from '../../../../../infra/cli/replay/moment.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const iso = (text: string): string | undefined => {
  const moment = parseMoment(text, now);
  return moment === undefined ? undefined : new Date(moment).toISOString();
};

describe('a moment', () => {
  test.each([
    ['15m', '2026-03-01T11:45:00.000Z'],
    ['2d', '2026-02-27T12:00:00.000Z'],
    ['1.5h', '2026-03-01T10:30:00.000Z'],
    ['0s', '2026-03-01T12:00:00.000Z'],
    ['99999999d', '1970-01-01T00:00:00.000Z'],
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.123456789Z', '2026-01-31T12:00:00.123Z'],
    ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000Z'],
    ['2026-01-31t12:00:00z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31 12:00:00-05:30', '2026-01-31T17:30:00.000Z'],
    ['0000-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(iso(text)).toBe(expected);
  });

  test.each([
    '',
    'yesterday',
    '15',
    '-15m',
    '15 m',
    '2026-01-31',
    '2026-01-31T12:00Z',
    '2026-01-31T12:00:00',
    '2026-02-30T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00:00+99:00',
    '1767225600',
  ])('%j is none', (text) => {
    expect(iso(text)).toBeUndefined();
  });
});
