/** What MinIO notifies of removals by a bucket's lifecycle rules. A look, or a listing, makes what is due expire at once. */
import { describe, test } from 'vitest';
import { buckets, type Recorder } from './recorder.ts';
import { heard, longAgo } from './told.ts';

const { versioned } = buckets;

export function expiry(recorder: () => Recorder): void {
  describe.concurrent('expiry by lifecycle', () => {
    const old = { 'x-minio-source-mtime': longAgo };

    test('of the latest version tells of the marker it made, as a removal', async ({ expect }) => {
      const { s3 } = recorder();
      await s3.put(versioned, 'expired/cat', old);
      await s3.look(versioned, 'expired/cat');
      const events = await heard(recorder(), 'expired', 2);

      const [marker] = await s3.list(versioned, 'expired/cat');
      expect(marker).toMatchObject({ marker: true, latest: true });
      expect(events.map(({ type, data }) => [type, Object(data).versionId])).toContainEqual([
        'com.amazonaws.s3.ObjectRemoved:Delete',
        marker?.versionId,
      ]);
    });

    test('of all versions names one of them in the message, and none in the event', async ({ expect }) => {
      const { s3 } = recorder();
      await s3.put(versioned, 'all-expired/cat', old);
      await s3.put(versioned, 'all-expired/cat', old);
      await s3.look(versioned, 'all-expired/cat');
      const events = await heard(recorder(), 'all-expired', 3);

      expect(await s3.list(versioned, 'all-expired/cat')).toEqual([]);
      const removal = events.find(({ type }) => type.endsWith('ObjectRemoved:DeleteAllVersions'));
      const message = (await recorder().messages('all-expired')).find((text) =>
        text.includes('DeleteAllVersions'),
      );
      expect(JSON.parse(message ?? '').Records[0].s3.object).toHaveProperty('versionId');
      expect(removal?.data).toMatchObject({ bucket: versioned, key: 'all-expired/cat' });
      expect(removal?.data).not.toHaveProperty('versionId');
      expect(removal?.data).not.toHaveProperty('requestId');
    });

    test('of a marker takes what lies below it too, and the event names no version', async ({ expect }) => {
      const { s3 } = recorder();
      await s3.put(versioned, 'marker-expired/cat', { 'x-minio-source-mtime': '2026-01-01T00:00:00.5Z' });
      await s3.delete(versioned, 'marker-expired/cat', old);
      // A listing is what makes it expire at once.
      await s3.list(versioned, 'marker-expired/');
      const events = await heard(recorder(), 'marker-expired', 3);

      expect(await s3.list(versioned, 'marker-expired/cat')).toEqual([]);
      const removal = events.find(({ type }) => type.endsWith('LifecycleDelMarkerExpiration:Delete'));
      expect(removal?.data).toMatchObject({ bucket: versioned, key: 'marker-expired/cat' });
      expect(removal?.data).not.toHaveProperty('versionId');
    });
  });
}
