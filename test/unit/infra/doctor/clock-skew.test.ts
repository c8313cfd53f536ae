import { expect, test } from 'vitest';
import { reportFor } from '../../../../infra/doctor/check.ts';
import { checkClock, skewOf } from '../../../../infra/doctor/clock-skew.ts';

const noon = Date.parse('2026-01-01T12:00:00.000Z');
const at = (offMs: number): string => new Date(noon + offMs).toUTCString();

test.each([
  // The header has whole seconds: what it may mean without any skew counts as none.
  [0, 0, 0],
  [900, 0, 0],
  [0, 900, 0],
  [60_000, 0, 60_000],
  [-60_000, 0, -59_001],
  [60_000, 2_000, 58_000],
])('a site %i ms off, whose answer took %i ms', (offMs, tookMs, skew) => {
  expect(skewOf({ date: at(offMs), sent: noon, received: noon + tookMs })).toBe(skew);
});

test.each([
  [at(0), 'ok'],
  [at(4_000), 'ok'],
  [at(6_000), 'warning'],
  [at(-7_000), 'warning'],
  [at(14 * 60_000), 'warning'],
  [at(16 * 60_000), 'failed'],
  [at(-16 * 60_000), 'failed'],
  ['', 'ok'],
  ['yesterday', 'ok'],
  [undefined, 'ok'],
])('%s at noon: %s', (date, status) => {
  expect(checkClock(reportFor('paris'), { date, sent: noon, received: noon })).toMatchObject({
    site: 'paris',
    check: 'clock',
    status,
  });
});
