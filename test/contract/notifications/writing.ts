/** What MinIO notifies of writes. */
import { describe, test } from 'vitest';
import { buckets, type Recorder, site } from './recorder.ts';
import { aCat } from './s3.ts';
import { heard, listedAt, longAgo, toldAt, typesOf } from './told.ts';
import { tar } from './uploads.ts';

const { versioned, unversioned } = buckets;

export function writing(recorder: () => Recorder): void {
  describe.concurrent('writing', () => {
    test('a put tells version, size, ETag and its time to the nanosecond', async ({ expect }) => {
      const { s3 } = recorder();
      const made = await s3.put(versioned, 'put/cat.jpg', {
        'x-amz-tagging': 'kind=cat',
        'user-agent': 'camera/1.0',
      });
      const [event] = await heard(recorder(), 'put', 1);

      expect(event).toMatchObject({
        type: 'com.amazonaws.s3.ObjectCreated:Put',
        source: 'minio:s3.paris.photos',
        subject: 'put/cat.jpg',
        data: { site, ...made, size: 5, etag: 'c1d0e44b09d5ac52f90f463fe410fc88', userAgent: 'camera/1.0' },
      });
      expect(toldAt(event)).toBe(await listedAt(recorder(), made));
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
      for (const key of keys) await recorder().s3.put(versioned, key);
      const events = await heard(recorder(), 'odd', keys.length);

      expect(events.map(({ subject }) => subject).toSorted()).toEqual(keys.toSorted());
      for (const { data, subject } of events) expect(data).toMatchObject({ bucket: versioned, key: subject });
    });

    test('of an empty object the size is left out', async ({ expect }) => {
      await recorder().s3.put(versioned, 'empty/nothing', {}, new Uint8Array());
      const [event] = await heard(recorder(), 'empty', 1);
      const [message] = await recorder().messages('empty');

      expect(message).not.toContain('"size"');
      expect(event?.data).toMatchObject({ size: 0, etag: 'd41d8cd98f00b204e9800998ecf8427e' });
    });

    test('a multipart upload, a copy and a form tell their times exactly too', async ({ expect }) => {
      const { s3 } = recorder();
      const parts = await s3.putInParts(versioned, 'ways/parts');
      const copied = await s3.copy(parts, 'ways/copy');
      expect((await recorder().postForm(versioned, 'ways/form', 'a cat')).status).toBe(204);
      const events = await heard(recorder(), 'ways', 3);

      expect(typesOf(events)).toEqual([
        'ObjectCreated:CompleteMultipartUpload',
        'ObjectCreated:Copy',
        'ObjectCreated:Post',
      ]);
      expect(events[0]?.data).toMatchObject({ ...parts, etag: expect.stringMatching(/-1$/) });
      expect(events[1]?.data).toMatchObject(copied);
      for (const event of events) {
        expect(toldAt(event)).toBe(await listedAt(recorder(), event.data));
      }
    });

    test('an archive that the server unpacks tells of each entry, under one request', async ({ expect }) => {
      const archive = tar(['archive/a', 'archive/b'], aCat, 1_700_000_000);
      const headers = { 'x-amz-meta-snowball-auto-extract': 'true' };
      await recorder().s3.put(versioned, 'archive/all.tar', headers, archive);
      const events = await heard(recorder(), 'archive', 2);

      expect(new Set(events.map(({ data }) => Object(data).requestId)).size).toBe(1);
      for (const event of events) {
        expect(toldAt(event)).toBe(await listedAt(recorder(), event.data));
      }
    });

    test('without versioning a write names no version', async ({ expect }) => {
      await recorder().s3.put(unversioned, 'plain/cat');
      await recorder().s3.delete(unversioned, 'plain/cat');
      const events = await heard(recorder(), 'plain', 2);

      expect(typesOf(events)).toEqual(['ObjectCreated:Put', 'ObjectRemoved:Delete']);
      for (const { data } of events) expect(data).not.toHaveProperty('versionId');
    });

    test('a write with the replication header is not told', async ({ expect }) => {
      const headers = { 'x-minio-source-replication-request': 'true', 'x-minio-source-mtime': longAgo };
      const cat = await recorder().s3.put(versioned, 'replica/cat', headers);
      const source = `/${versioned}/replica/cat?versionId=${cat.versionId}`;
      await recorder().s3.put(
        versioned,
        'replica/copy',
        { ...headers, 'x-amz-copy-source': source },
        Buffer.alloc(0),
      );
      await recorder().s3.put(versioned, 'replica/after');

      const [event] = await heard(recorder(), 'replica', 1);
      expect(event?.subject).toBe('replica/after');
    });
  });
}
