/** What MinIO notifies of changes of a version's metadata. */
import { describe, test } from 'vitest';
import { buckets, type Recorder } from './recorder.ts';
import { heard, listedAt, toldAt, typesOf } from './told.ts';

const { versioned, locked } = buckets;

export function metadata(recorder: () => Recorder): void {
  describe.concurrent('changing metadata', () => {
    test('two equal changes of one version are two facts', async ({ expect }) => {
      const { s3 } = recorder();
      const version = await s3.put(versioned, 'tags/cat');
      await s3.putTags(version, 'kind', 'cat');
      await s3.putTags(version, 'kind', 'cat');
      await s3.deleteTags(version);
      const events = await heard(recorder(), 'tags', 4);

      expect(typesOf(events)).toEqual([
        'ObjectCreated:Put',
        'ObjectCreated:PutTagging',
        'ObjectCreated:PutTagging',
        'ObjectCreated:DeleteTagging',
      ]);
      for (const { data } of events) expect(data).toMatchObject(version);
    });

    test('retention and legal hold are told, and leave the version its time', async ({ expect }) => {
      const { s3 } = recorder();
      const version = await s3.put(locked, 'lock/cat');
      const before = await listedAt(recorder(), version);
      await s3.putRetention(version, new Date(Date.now() + 60_000).toISOString());
      await s3.putLegalHold(version, 'ON');
      await s3.putLegalHold(version, 'OFF');
      const events = await heard(recorder(), 'lock', 4);

      expect(typesOf(events)).toEqual([
        'ObjectCreated:Put',
        'ObjectCreated:PutRetention',
        'ObjectCreated:PutLegalHold',
        'ObjectCreated:PutLegalHold',
      ]);
      expect(toldAt(events[0])).toBe(before);
      expect(await listedAt(recorder(), version)).toBe(before);
      for (const { data } of events.slice(1)) expect(data).not.toHaveProperty('modified');
    });
  });
}
