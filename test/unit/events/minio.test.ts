/** What is read from MinIO's notifications: over bytes that a real one sent, and over what it never should send. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type CausewayEvent, EventError } from '../../../events/cloudevent.ts';
import { fromMinio } from '../../../events/sources/minio.ts';

const text = await readFile(new URL('minio-notifications.json', import.meta.url), 'utf8');
/** By what was done: see test/contract/notifications. */
const recorded = z.record(z.string(), z.array(z.string())).parse(JSON.parse(text));

const eventsOf = (folder: string): CausewayEvent[] =>
  (recorded[folder] ?? [])
    .flatMap((message) => fromMinio('paris', JSON.parse(message)))
    .filter((read) => 'id' in read);
const typesOf = (folder: string): string[] =>
  eventsOf(folder).map(({ type }) => type.replace('com.amazonaws.s3.', ''));

describe('recorded notifications', () => {
  test('say nothing of the machine they come from', () => {
    const hosts = [...text.matchAll(/\\"(?:host|sourceIPAddress)\\":\\"([^"\\]*)/g)].map(([, host]) => host);

    expect(new Set(hosts.map((host) => host?.replace(/:\d+$/, '')))).toEqual(new Set(['127.0.0.1']));
    expect(text).not.toMatch(/secret|password|authorization/i);
  });

  test('have one ID each, the same whenever they are read', () => {
    const once = Object.keys(recorded).flatMap((folder) => eventsOf(folder).map(({ id }) => id));
    const again = Object.keys(recorded).flatMap((folder) => eventsOf(folder).map(({ id }) => id));

    expect(new Set(once).size).toBe(once.length);
    expect(again).toEqual(once);
    expect(once.length).toBeGreaterThan(50);
  });

  test('of one fact at two sites have two IDs', () => {
    const notification: unknown = JSON.parse(recorded.put?.[0] ?? '');
    const ids = ['paris', 'tokyo'].flatMap((site) =>
      fromMinio(site, notification).map((event) => 'id' in event && event.id),
    );

    expect(new Set(ids).size).toBe(2);
  });

  test('of a put give every field', () => {
    const [event] = eventsOf('put');

    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'com.amazonaws.s3.ObjectCreated:Put',
      source: 'minio:s3.paris.photos',
      subject: 'put/cat.jpg',
      partitionkey: 'photos/put/cat.jpg',
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      data: {
        site: 'paris',
        bucket: 'photos',
        key: 'put/cat.jpg',
        versionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        size: 5,
        etag: 'c1d0e44b09d5ac52f90f463fe410fc88',
        modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
        requestId: expect.stringMatching(/^[0-9A-F]{16}$/),
        userAgent: 'camera/1.0',
      },
    });
  });

  test('of odd keys give the keys', () => {
    const keys = eventsOf('odd').map(({ subject }) => subject.replace('odd/', ''));

    expect(keys).toEqual(
      expect.arrayContaining(['with space', 'plus+sign', 'percent%20literal', '100%', 'new\nline']),
    );
  });

  test('of equal tag changes are two facts', () => {
    expect(typesOf('tags').filter((name) => name === 'ObjectCreated:PutTagging')).toHaveLength(2);
  });

  test('of a marker made by a request of its own tell its time, of other removals none', () => {
    const removals = ['marker', 'times', 'purge', 'expired']
      .flatMap(eventsOf)
      .filter(({ type }) => type.includes('ObjectRemoved'));
    const exact = removals.filter(({ data }) => 'modified' in data).map(({ subject }) => subject);
    const others = removals.filter(({ data }) => !('modified' in data)).map(({ subject }) => subject);

    expect(exact).toEqual(['marker/cat', 'marker/cat', 'marker/cat', 'times/alone']);
    expect(others).toEqual(['times/among', 'purge/cat', 'expired/cat']);
  });

  test('of deleting what is not there are left alone', () => {
    const read = (recorded.missing ?? []).flatMap((message) => fromMinio('paris', JSON.parse(message)));

    expect(read).toEqual([{ ignored: 'ObjectRemoved:NoOP' }, { ignored: 'ObjectRemoved:NoOP' }]);
  });

  test.each(['all-expired', 'marker-expired'])('of %s versions name none of them', (folder) => {
    const removal = eventsOf(folder).find(({ data }) => Object(data).userAgent?.startsWith('Internal'));

    expect(removal?.data).not.toHaveProperty('versionId');
    expect(removal?.data).not.toHaveProperty('requestId');
  });
});

const record = {
  eventName: 's3:ObjectCreated:Put',
  eventTime: '2026-01-02T03:04:05.125Z',
  s3: { bucket: { name: 'photos' }, object: { key: 'a.jpg', versionId: 'v', sequencer: '18EA06157CD3C143' } },
};
const read = (...records: unknown[]) => fromMinio('paris', { Records: records });
const withObject = (object: object) => ({ ...record, s3: { ...record.s3, object } });

describe('what is no notification', () => {
  test.each<[string, unknown, string]>([
    ['not an object', 'text', 'expected object'],
    ['null', null, 'expected object'],
    ['without records', { EventName: 's3:ObjectCreated:Put', Key: 'photos/a' }, 'Records'],
    ['with no record in it', { Records: [] }, 'Records'],
    ['with 1,001 records', { Records: Array.from({ length: 1001 }, () => record) }, 'Records'],
    ['without an event name', { Records: [{ ...record, eventName: undefined }] }, 'eventName'],
    ['without a bucket', { Records: [{ ...record, s3: { object: record.s3.object } }] }, 's3.bucket'],
    ['without a key', { Records: [withObject({})] }, 's3.object.key'],
    ['with an empty key', { Records: [withObject({ key: '' })] }, 's3.object.key'],
    ['with a broken escape', { Records: [withObject({ key: '%zz' })] }, 'query-escaped: %zz'],
    ['with bytes that are no UTF-8', { Records: [withObject({ key: '%FF' })] }, 'query-escaped: %FF'],
    ['with a huge key', { Records: [withObject({ key: 'x'.repeat(4097) })] }, 'key'],
    ['with a negative size', { Records: [withObject({ key: 'a', size: -1 })] }, 's3.object.size'],
  ])('%s is refused, by name', (_, notification, words) => {
    const attempt = () => fromMinio('paris', notification);

    expect(attempt).toThrow(EventError);
    expect(attempt).toThrow(words);
  });

  test.each(['a.>', 'a b', '*', 'a_b', ''])(
    'a bucket called "%s" is refused: no subject could hold it',
    (name) => {
      expect(() => read({ ...record, s3: { ...record.s3, bucket: { name } } })).toThrow(
        'must be a bucket name',
      );
    },
  );

  test('says of a long broken key only its beginning', () => {
    const attempt = () => read(withObject({ key: `%zz${'x'.repeat(5000)}` }));

    expect(attempt).toThrow(EventError);
    expect(attempt).not.toThrow('x'.repeat(300));
  });
});

describe('what is not ours', () => {
  test.each([
    's3:ObjectAccessed:Get',
    's3:ObjectRestore:Completed',
    's3:Replication:OperationCompletedReplication',
    's3:Scanner:ManyVersions',
    's3:ObjectCreated:SomethingNew',
  ])('%s is left alone', (eventName) => {
    expect(read({ ...record, eventName })).toEqual([{ ignored: eventName.slice(3) }]);
  });

  test('is left alone whatever its shape', () => {
    expect(read({ eventName: 's3:BucketCreated:*', s3: { bucket: { name: 'photos' } } })).toEqual([
      { ignored: 'BucketCreated:*' },
    ]);
  });
});

describe('what MinIO may leave out', () => {
  test('without a request ID, sequencer and time tell two facts apart', () => {
    const other = withObject({ ...record.s3.object, sequencer: '18EA06157CD3C144' });
    const later = { ...record, eventTime: '2026-01-02T03:04:05.126Z' };
    const ids = read(record, record, other, later).map((event) => 'id' in event && event.id);

    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(3);
  });

  test.each([undefined, '', 'not hex', '18EA06157CD3C143FF'])(
    'a sequencer such as %s gives no time, and no error',
    (sequencer) => {
      const [event] = read(withObject({ key: 'a', sequencer }));

      expect(event).toMatchObject({ subject: 'a' });
      expect(event).not.toHaveProperty('data.modified');
    },
  );

  test('an empty version ID is none', () => {
    const [event] = read(withObject({ key: 'a', versionId: '' }));

    expect(event).not.toHaveProperty('data.versionId');
  });

  test('an event name without its s3: prefix is the same event', () => {
    const [one, other] = read(record, { ...record, eventName: 'ObjectCreated:Put' });

    expect(one).toMatchObject({ id: Object(other).id, type: Object(other).type });
  });
});
