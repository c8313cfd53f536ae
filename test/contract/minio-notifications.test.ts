/**
 * What a real MinIO notifies, and what Causeway reads from it: each oddity that its source code shows, pinned by the
 * bytes that it sends. With CAUSEWAY_RECORD set, the bytes are kept for the unit tests.
 */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CausewayEvent } from '../../events/cloudevent.ts';
import { fromMinio, type Ignored } from '../../events/sources/minio.ts';
import { toMilliseconds } from '../../events/times.ts';
import { environment } from '../../infra/config/env.ts';
import { buckets, type Recorder, site, startRecorder } from './notifications/recorder.ts';
import { aCat } from './notifications/s3.ts';
import { tar } from './notifications/uploads.ts';

const { versioned, locked, unversioned } = buckets;
const fixture = new URL('../unit/events/minio-notifications.json', import.meta.url);
const longAgo = '2026-01-02T03:04:05.123456789Z';
const nowhere = '11111111-1111-4111-8111-111111111111';
let recorder: Recorder;

beforeAll(async () => {
  recorder = await startRecorder();
  const rule = (prefix: string, action: string): string =>
    `<Rule><Status>Enabled</Status><Filter><Prefix>${prefix}/</Prefix></Filter>${action}</Rule>`;
  const rules = [
    rule('expired', '<Expiration><Days>1</Days></Expiration>'),
    rule(
      'all-expired',
      '<Expiration><Days>1</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>',
    ),
    rule('marker-expired', '<DelMarkerExpiration><Days>1</Days></DelMarkerExpiration>'),
  ];
  await recorder.s3.setLifecycle(versioned, rules.join(''));
  // The scanner sees what is new at once when it first comes by, and later only every so often.
  await recorder.s3.put(versioned, 'marker-expired/cat', {
    'x-minio-source-mtime': '2026-01-01T00:00:00.5Z',
  });
  await recorder.s3.delete(versioned, 'marker-expired/cat', { 'x-minio-source-mtime': longAgo });
});

afterAll(async () => {
  if (environment.CAUSEWAY_RECORD && recorder) await keep(await recorder.messages());
  await recorder?.stop();
});

/** Once each, by the folder that it happened in. */
async function keep(messages: readonly string[]): Promise<void> {
  const folderOf = (text: string): string => /"Key":"[^/]+\/([^/"]+)/.exec(text)?.[1] ?? '';
  const byFolder = Map.groupBy(new Set(messages), folderOf);
  const sorted = [...byFolder].sort(([one], [other]) => (one < other ? -1 : 1));
  await writeFile(fixture, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

const read = (text: string): CausewayEvent | Ignored | undefined => fromMinio(site, JSON.parse(text))[0];

/** What was said of so many facts, in the order of the facts; each was said twice, by each target. */
async function heard(folder: string, facts: number): Promise<CausewayEvent[]> {
  const messages = await recorder.heard(folder, 2 * facts);
  const events = new Map<string, CausewayEvent>();
  for (const text of messages) {
    const event = read(text);
    if (event && 'id' in event) events.set(event.id, event);
  }
  // Both targets tell one fact in the same bytes, so it has one ID; and no other has.
  expect(new Set(messages).size).toBe(facts);
  expect(events.size).toBe(facts);
  return [...events.values()].sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
}

const typesOf = (events: readonly CausewayEvent[]): string[] =>
  events.map(({ type }) => type.replace('com.amazonaws.s3.', ''));

/** When a listing says that the version was made. */
async function listedAt(bucket: string, key: string, versionId: string): Promise<number> {
  const listed = await recorder.s3.list(bucket, key);
  const version = listed.find((candidate) => candidate.versionId === versionId);
  return toMilliseconds(version?.modified ?? '');
}

const exactly = (event: CausewayEvent | undefined): number =>
  event && 'modified' in event.data && event.data.modified ? toMilliseconds(event.data.modified) : Number.NaN;

describe.concurrent('writing', () => {
  test('a put tells version, size, ETag and its time to the nanosecond', async ({ expect }) => {
    const { s3 } = recorder;
    const made = await s3.put(versioned, 'put/cat.jpg', {
      'x-amz-tagging': 'kind=cat',
      'user-agent': 'camera/1.0',
    });
    const [event] = await heard('put', 1);

    expect(event).toMatchObject({
      type: 'com.amazonaws.s3.ObjectCreated:Put',
      source: 'minio:s3.paris.photos',
      subject: 'put/cat.jpg',
      data: { site, ...made, size: 5, etag: 'c1d0e44b09d5ac52f90f463fe410fc88', userAgent: 'camera/1.0' },
    });
    expect(event?.data).toHaveProperty('modified', expect.stringMatching(/\.\d{9}Z$/));
    expect(exactly(event)).toBe(await listedAt(versioned, made.key, made.versionId));
  });

  test('a key comes back as it was written, whatever is in it', async ({ expect }) => {
    const names = [
      'with space',
      'plus+sign',
      'percent%20literal',
      '100%',
      'ünïcode 日本語 😀',
      `quotes'"and\``,
      'amp&semi;eq=q?#',
      'back\\slash',
      '~tilde!*()',
      'bell\u0007',
      'new\nline',
      'directory/',
    ];
    const keys = names.map((name) => `odd/${name}`);
    for (const key of keys) await recorder.s3.put(versioned, key);
    const events = await heard('odd', keys.length);

    expect(events.map(({ subject }) => subject).toSorted()).toEqual(keys.toSorted());
    for (const { data, subject } of events) expect(data).toMatchObject({ bucket: versioned, key: subject });
  });

  test('of an empty object the size is left out', async ({ expect }) => {
    await recorder.s3.put(versioned, 'empty/nothing', {}, new Uint8Array());
    const [event] = await heard('empty', 1);
    const [message] = await recorder.messages('empty');

    expect(message).not.toContain('"size"');
    expect(event?.data).toMatchObject({ size: 0, etag: 'd41d8cd98f00b204e9800998ecf8427e' });
  });

  test('a multipart upload, a copy and a form tell their times exactly too', async ({ expect }) => {
    const { s3 } = recorder;
    const parts = await s3.putInParts(versioned, 'ways/parts');
    const copied = await s3.copy(parts, 'ways/copy');
    expect((await recorder.postForm(versioned, 'ways/form', 'a cat')).status).toBe(204);
    const events = await heard('ways', 3);

    expect(typesOf(events)).toEqual([
      'ObjectCreated:CompleteMultipartUpload',
      'ObjectCreated:Copy',
      'ObjectCreated:Post',
    ]);
    expect(events[0]?.data).toMatchObject({ ...parts, etag: expect.stringMatching(/-1$/) });
    expect(events[1]?.data).toMatchObject(copied);
    for (const event of events) {
      const { bucket, key, versionId } = Object(event.data);
      expect(exactly(event)).toBe(await listedAt(bucket, key, versionId));
    }
  });

  test('an archive that the server unpacks tells of each entry, under one request', async ({ expect }) => {
    const archive = tar(['archive/a', 'archive/b'], aCat, 1_700_000_000);
    const headers = { 'x-amz-meta-snowball-auto-extract': 'true' };
    await recorder.s3.put(versioned, 'archive/all.tar', headers, archive);
    const events = await heard('archive', 2);

    expect(new Set(events.map(({ data }) => Object(data).requestId)).size).toBe(1);
    for (const event of events) {
      const { bucket, key, versionId } = Object(event.data);
      expect(exactly(event)).toBe(await listedAt(bucket, key, versionId));
    }
  });

  test('without versioning a write names no version', async ({ expect }) => {
    await recorder.s3.put(unversioned, 'plain/cat');
    await recorder.s3.delete(unversioned, 'plain/cat');
    const events = await heard('plain', 2);

    expect(typesOf(events)).toEqual(['ObjectCreated:Put', 'ObjectRemoved:Delete']);
    for (const { data } of events) expect(data).not.toHaveProperty('versionId');
  });

  test('a write with the replication header is not told', async ({ expect }) => {
    const headers = { 'x-minio-source-replication-request': 'true', 'x-minio-source-mtime': longAgo };
    await recorder.s3.put(versioned, 'replica/cat', headers);
    await recorder.s3.put(versioned, 'replica/after');

    const [event] = await heard('replica', 1);
    expect(event?.subject).toBe('replica/after');
  });
});

describe.concurrent('changing metadata', () => {
  test('two equal changes of one version are two facts', async ({ expect }) => {
    const { s3 } = recorder;
    const version = await s3.put(versioned, 'tags/cat');
    await s3.putTags(version, 'kind', 'cat');
    await s3.putTags(version, 'kind', 'cat');
    await s3.deleteTags(version);
    const events = await heard('tags', 4);

    expect(typesOf(events)).toEqual([
      'ObjectCreated:Put',
      'ObjectCreated:PutTagging',
      'ObjectCreated:PutTagging',
      'ObjectCreated:DeleteTagging',
    ]);
    for (const { data } of events) expect(data).toMatchObject(version);
  });

  test('retention and legal hold are told, and leave the version its time', async ({ expect }) => {
    const { s3 } = recorder;
    const version = await s3.put(locked, 'lock/cat');
    const before = await listedAt(locked, version.key, version.versionId);
    await s3.putRetention(version, new Date(Date.now() + 60_000).toISOString());
    await s3.putLegalHold(version, 'ON');
    await s3.putLegalHold(version, 'OFF');
    const events = await heard('lock', 4);

    expect(typesOf(events)).toEqual([
      'ObjectCreated:Put',
      'ObjectCreated:PutRetention',
      'ObjectCreated:PutLegalHold',
      'ObjectCreated:PutLegalHold',
    ]);
    expect(exactly(events[0])).toBe(before);
    expect(await listedAt(locked, version.key, version.versionId)).toBe(before);
    for (const { data } of events.slice(1)) expect(data).not.toHaveProperty('modified');
  });
});

describe.concurrent('deleting', () => {
  test('of a missing key is no event of ours', async ({ expect }) => {
    await recorder.s3.delete(versioned, 'missing/cat');
    await recorder.s3.deleteVersion({ bucket: versioned, key: 'missing/cat', versionId: nowhere });

    const messages = await recorder.heard('missing', 4);

    for (const text of messages) expect(read(text)).toEqual({ ignored: 'ObjectRemoved:NoOP' });
  });

  test('makes one marker; a repeat and the end of the marker name it as if they made it', async ({
    expect,
  }) => {
    const { s3 } = recorder;
    await s3.put(versioned, 'marker/cat');
    const marker = await s3.delete(versioned, 'marker/cat');
    await s3.delete(versioned, 'marker/cat');
    await s3.deleteVersion(marker);
    const events = await heard('marker', 4);

    const told = 'ObjectRemoved:DeleteMarkerCreated';
    expect(typesOf(events)).toEqual(['ObjectCreated:Put', told, told, told]);
    for (const { data } of events.slice(1)) expect(data).toMatchObject(marker);
  });

  test('the sequencer of a marker made alone is its exact time; of one made with others it is not', async ({
    expect,
  }) => {
    const { s3 } = recorder;
    const [alone, among] = [await s3.put(versioned, 'times/alone'), await s3.put(versioned, 'times/among')];
    const made = await s3.delete(versioned, alone.key);
    await s3.deleteMany(versioned, [{ ...among, versionId: '' }]);
    await heard('times', 4);

    const sequencers = new Map<string, { sequencer: number; contentLength: string }>();
    for (const text of await recorder.messages('times')) {
      const [{ s3: told, responseElements }] = JSON.parse(text).Records;
      const sequencer = Number(BigInt(`0x${told.object.sequencer}`) / 1_000_000n);
      sequencers.set(told.object.versionId, {
        sequencer,
        contentLength: responseElements['content-length'],
      });
    }
    const [marker] = await s3.list(versioned, among.key);
    expect(sequencers.get(made.versionId)).toEqual({
      sequencer: await listedAt(versioned, made.key, made.versionId),
      contentLength: '0',
    });
    const later = sequencers.get(marker?.versionId ?? '');
    expect(later?.sequencer).toBeGreaterThanOrEqual(toMilliseconds(marker?.modified ?? ''));
    expect(Number(later?.contentLength)).toBeGreaterThan(0);
  });

  test('one version for good tells that version', async ({ expect }) => {
    const version = await recorder.s3.put(versioned, 'purge/cat');
    await recorder.s3.deleteVersion(version);
    const events = await heard('purge', 2);

    expect(typesOf(events)).toEqual(['ObjectCreated:Put', 'ObjectRemoved:Delete']);
    expect(events[1]?.data).toMatchObject({ ...version, size: 0 });
  });

  test('several in one request tells each, and a missing one as if it had been there', async ({ expect }) => {
    const { s3 } = recorder;
    const purged = await s3.put(versioned, 'many/purged');
    const hidden = await s3.put(versioned, 'many/hidden & odd');
    await s3.put(versioned, 'many/shown');
    const marker = await s3.delete(versioned, 'many/shown');
    const missing = { bucket: versioned, key: 'many/missing', versionId: '' };
    await s3.deleteMany(versioned, [purged, { ...hidden, versionId: '' }, marker, missing]);
    const events = (await heard('many', 8)).slice(-4);

    const told = events.map(({ type, data }) => [type.split(':')[1], data]);
    const found = (key: string) => told.find(([, data]) => Object(data).key === key);
    expect(found(purged.key)).toEqual(['Delete', expect.objectContaining(purged)]);
    expect(found(hidden.key)?.[0]).toBe('DeleteMarkerCreated');
    expect(found(marker.key)).toEqual(['Delete', expect.objectContaining(marker)]);
    expect(found(missing.key)?.[0]).toBe('DeleteMarkerCreated');
    expect(new Set(events.map(({ data }) => Object(data).requestId)).size).toBe(1);
  });

  test('a whole prefix by force is not told at all', async ({ expect }) => {
    const { s3 } = recorder;
    await s3.put(versioned, 'force/below/cat');
    await s3.delete(versioned, 'force/below/', { 'x-minio-force-delete': 'true' });
    await s3.put(versioned, 'force/after');
    const events = await heard('force', 2);

    expect(await s3.list(versioned, 'force/below/')).toEqual([]);
    expect(typesOf(events)).toEqual(['ObjectCreated:Put', 'ObjectCreated:Put']);
  });
});

describe.concurrent('expiry by lifecycle', () => {
  const old = { 'x-minio-source-mtime': longAgo };

  test('of the latest version tells of the marker it made, as a removal', async ({ expect }) => {
    const { s3 } = recorder;
    await s3.put(versioned, 'expired/cat', old);
    await s3.look(versioned, 'expired/cat');
    const events = await heard('expired', 2);

    const [marker] = await s3.list(versioned, 'expired/cat');
    expect(marker).toMatchObject({ marker: true, latest: true });
    expect(events.map(({ type, data }) => [type, Object(data).versionId])).toContainEqual([
      'com.amazonaws.s3.ObjectRemoved:Delete',
      marker?.versionId,
    ]);
  });

  test('of all versions names one of them in the message, and none in the event', async ({ expect }) => {
    const { s3 } = recorder;
    await s3.put(versioned, 'all-expired/cat', old);
    await s3.put(versioned, 'all-expired/cat', old);
    await s3.look(versioned, 'all-expired/cat');
    const events = await heard('all-expired', 3);

    expect(await s3.list(versioned, 'all-expired/cat')).toEqual([]);
    const removal = events.find(({ type }) => type.endsWith('ObjectRemoved:DeleteAllVersions'));
    const message = (await recorder.messages('all-expired')).find((text) =>
      text.includes('DeleteAllVersions'),
    );
    expect(JSON.parse(message ?? '').Records[0].s3.object).toHaveProperty('versionId');
    expect(removal?.data).toMatchObject({ bucket: versioned, key: 'all-expired/cat' });
    expect(removal?.data).not.toHaveProperty('versionId');
    expect(removal?.data).not.toHaveProperty('requestId');
  });

  test('of a marker takes what lies below it too, and the event names no version', async ({ expect }) => {
    const events = await heard('marker-expired', 3);

    expect(await recorder.s3.list(versioned, 'marker-expired/cat')).toEqual([]);
    const removal = events.find(({ type }) => type.endsWith('LifecycleDelMarkerExpiration:Delete'));
    expect(removal?.data).toMatchObject({ bucket: versioned, key: 'marker-expired/cat' });
    expect(removal?.data).not.toHaveProperty('versionId');
  });
});
