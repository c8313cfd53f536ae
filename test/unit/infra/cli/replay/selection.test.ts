/** Which events a replay takes, and what becomes of them. */
import { describe, expect, test } from 'vitest';
import { eventTypes } from '../../../../../events/catalogue.ts';
import { type CausewayEvent, deriveEvent, makeEvent } from '../../../../../events/cloudevent.ts';
import { subjectOf } from '../../../../../events/subjects.ts';
import {
  copyOf,
  isOriginal,
  selects,
  sourceTypes,
  typesNamed,
} from '../../../../../infra/cli/replay/selection.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const put = makeEvent(
  {
    type: 'com.amazonaws.s3.ObjectCreated:Put',
    data: {
      site: 'east',
      bucket: 'photos',
      key: 'a/b.jpg',
      versionId: 'v1',
      size: 3,
      eventTime: '2026-03-01T11:00:00Z',
    },
  },
  { id: 'put-1', source: 'minio:s3.east.photos', time: '2026-03-01T11:00:00Z' },
);
const due = deriveEvent(
  {
    type: 'dev.causeway.version.due.v1',
    data: {
      link: 'photos_east_west',
      bucket: 'photos',
      key: 'a/b.jpg',
      versionId: 'v1',
      reason: 'missing',
      round: 0,
    },
  },
  put,
  { source: 'causeway:scan-retry', time: '2026-03-01T11:00:00Z' },
);

describe('types', () => {
  test('without a name, what happened at a site: S3 events and arrivals, nothing that follows from them', () => {
    const taken = eventTypes.filter((type) => sourceTypes.has(type));
    expect(taken).toContain('com.amazonaws.s3.ObjectRemoved:Delete');
    expect(taken).toContain('dev.causeway.version.arrived.v1');
    expect(taken.filter((type) => /due|sent|recheck|dead-letter/.test(type))).toEqual([]);
  });

  test.each([
    ['com.amazonaws.s3.ObjectCreated:Put', ['com.amazonaws.s3.ObjectCreated:Put']],
    ['ObjectCreated:Put', ['com.amazonaws.s3.ObjectCreated:Put']],
    ['dev.causeway.version.due.v1', ['dev.causeway.version.due.v1']],
    ['nothing', []],
    ['dev.causeway.scan.due.v1', []],
    ['dev.causeway.dead-letter.v1', []],
  ])('%s names %j', (glob, expected) => {
    expect([...(typesNamed(glob) ?? [])]).toEqual(expected);
  });

  test('a glob names several', () => {
    const named = [...(typesNamed('ObjectRemoved:*') ?? [])];
    expect(named).toHaveLength(3);
    expect(named.every((type) => type.startsWith('com.amazonaws.s3.ObjectRemoved:'))).toBe(true);
    expect(typesNamed('bad\\')).toBeUndefined();
  });

  test('type and key decide together', () => {
    const types = new Set([put.type]);
    expect(selects({ types, takesKey: (key) => key === 'a/b.jpg' }, put)).toBe(true);
    expect(selects({ types, takesKey: () => false }, put)).toBe(false);
    expect(selects({ types, takesKey: () => true }, due)).toBe(false);
  });
});

describe('a copy', () => {
  const copy = copyOf(put, 'run1', now);

  test('is a new event that the original caused, with the same type, source and data', () => {
    expect(copy.id).not.toBe(put.id);
    expect(copy).toMatchObject({
      type: put.type,
      source: put.source,
      subject: put.subject,
      partitionkey: put.partitionkey,
      data: put.data,
      causationid: put.id,
      time: '2026-03-01T12:00:00.000Z',
    });
    expect(copy.traceparent.split('-')[1]).toBe(put.traceparent.split('-')[1]);
  });

  test('has one id in one run, and another in another', () => {
    expect(copyOf(put, 'run1', now + 1).id).toBe(copy.id);
    expect(copyOf(put, 'run2', now).id).not.toBe(copy.id);
  });

  test('is not replayed again, nor is what a retry put on the subjects of its link', () => {
    expect(isOriginal(subjectOf(put), put)).toBe(true);
    expect(isOriginal(subjectOf(copy), copy)).toBe(false);
    expect(isOriginal(subjectOf(put, 'photos_east_west'), put)).toBe(false);
    expect(isOriginal(subjectOf(due), due)).toBe(true);
  });

  test('of a copy keeps to the bound of an id', () => {
    let event: CausewayEvent = put;
    for (let turn = 0; turn < 5; turn++) event = copyOf(event, 'abcdef012345', now);
    expect(event.id.length).toBeLessThan(100);
  });
});
