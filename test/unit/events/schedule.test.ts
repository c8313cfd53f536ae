/** The clock as events: one for each link and interval, whoever makes it. */
import { expect, test } from 'vitest';
import { readEvent } from '../../../events/cloudevent.ts';
import { scanDue } from '../../../events/sources/schedule.ts';

const minute = 60_000;
const start = Date.parse('2026-01-02T03:04:00Z');

test('two processes make one event for one interval', () => {
  const one = scanDue('photos_a_b', minute, start + 1);
  const other = scanDue('photos_a_b', minute, start + minute - 1);

  expect(one.id).toBe(other.id);
  expect(one.data).toEqual({ link: 'photos_a_b', slot: '2026-01-02T03:04:00.000Z' });
  expect(other.data).toEqual(one.data);
});

test('the next interval and another link have events of their own', () => {
  const ids = [
    scanDue('photos_a_b', minute, start),
    scanDue('photos_a_b', minute, start + minute),
    scanDue('photos_b_a', minute, start),
  ].map(({ id }) => id);

  expect(new Set(ids).size).toBe(3);
});

test('it is an event of the catalogue', () => {
  const event = scanDue('photos_a_b', minute, start + 17);

  expect(readEvent(JSON.parse(JSON.stringify(event)))).toMatchObject({
    type: 'dev.causeway.scan.due.v1',
    source: 'causeway:schedule',
    time: '2026-01-02T03:04:00.017Z',
  });
});
