/** What MinIO notifies of removals by clients. */
import { describe, test } from 'vitest';
import { buckets, type Recorder } from './recorder.ts';
import { heard, listedAt, read, toldAt, typesOf } from './told.ts';

const { versioned } = buckets;
const nowhere = '11111111-1111-4111-8111-111111111111';

export function deleting(recorder: () => Recorder): void {
  describe.concurrent('deleting', () => {
    test('of a missing key is no event of ours', async ({ expect }) => {
      await recorder().s3.delete(versioned, 'missing/cat');
      await recorder().s3.deleteVersion({ bucket: versioned, key: 'missing/cat', versionId: nowhere });

      const messages = await recorder().heard('missing', 4);

      for (const text of messages) expect(read(text)).toEqual({ ignored: 'ObjectRemoved:NoOP' });
    });

    test('makes one marker; a repeat and the end of the marker name it as if they made it', async ({
      expect,
    }) => {
      const { s3 } = recorder();
      await s3.put(versioned, 'marker/cat');
      const marker = await s3.delete(versioned, 'marker/cat');
      await s3.delete(versioned, 'marker/cat');
      await s3.deleteVersion(marker);
      const events = await heard(recorder(), 'marker', 4);

      const told = 'ObjectRemoved:DeleteMarkerCreated';
      expect(typesOf(events)).toEqual(['ObjectCreated:Put', told, told, told]);
      for (const { data } of events.slice(1)) expect(data).toMatchObject(marker);
    });

    test('a marker made alone tells its time exactly, one made with others does not', async ({ expect }) => {
      const { s3 } = recorder();
      const [alone, among] = [await s3.put(versioned, 'times/alone'), await s3.put(versioned, 'times/among')];
      const made = await s3.delete(versioned, alone.key);
      await s3.deleteMany(versioned, [{ ...among, versionId: '' }]);
      const [, , first, second] = await heard(recorder(), 'times', 4);

      expect(toldAt(first)).toBe(await listedAt(recorder(), made));
      expect(second?.subject).toBe(among.key);
      expect(second?.data).not.toHaveProperty('modified');
    });

    test('one version for good tells that version', async ({ expect }) => {
      const version = await recorder().s3.put(versioned, 'purge/cat');
      await recorder().s3.deleteVersion(version);
      const events = await heard(recorder(), 'purge', 2);

      expect(typesOf(events)).toEqual(['ObjectCreated:Put', 'ObjectRemoved:Delete']);
      expect(events[1]?.data).toMatchObject({ ...version, size: 0 });
    });

    test('several in one request tells each, and a missing one as if it had been there', async ({
      expect,
    }) => {
      const { s3 } = recorder();
      const purged = await s3.put(versioned, 'many/purged');
      const hidden = await s3.put(versioned, 'many/hidden & odd');
      await s3.put(versioned, 'many/shown');
      const marker = await s3.delete(versioned, 'many/shown');
      const missing = { bucket: versioned, key: 'many/missing', versionId: '' };
      await s3.deleteMany(versioned, [purged, { ...hidden, versionId: '' }, marker, missing]);
      const events = (await heard(recorder(), 'many', 8)).slice(-4);

      const told = events.map(({ type, data }) => [type.split(':')[1], data]);
      const found = (key: string) => told.find(([, data]) => Object(data).key === key);
      expect(found(purged.key)).toEqual(['Delete', expect.objectContaining(purged)]);
      expect(found(hidden.key)?.[0]).toBe('DeleteMarkerCreated');
      expect(found(marker.key)).toEqual(['Delete', expect.objectContaining(marker)]);
      expect(found(missing.key)?.[0]).toBe('DeleteMarkerCreated');
      expect(new Set(events.map(({ data }) => Object(data).requestId)).size).toBe(1);
    });

    test('a whole prefix by force is not told at all', async ({ expect }) => {
      const { s3 } = recorder();
      await s3.put(versioned, 'force/below/cat');
      await s3.delete(versioned, 'force/below/', { 'x-minio-force-delete': 'true' });
      await s3.put(versioned, 'force/after');
      const events = await heard(recorder(), 'force', 2);

      expect(await s3.list(versioned, 'force/below/')).toEqual([]);
      expect(typesOf(events)).toEqual(['ObjectCreated:Put', 'ObjectCreated:Put']);
    });
  });
}
