/** Contract: delete markers and purges, and the hazards that the functions above must live with. */
import { describe, expect, test } from 'vitest';
import { TerminalError } from '../../../functions/errors.ts';
import { bytes, contentOf, type Fixture, listed, newKey, newRef } from './fixture.ts';

const hello = bytes('hello');
const earlier = '2026-01-02T03:04:05.123456788Z';
const later = '2026-01-02T03:04:05.123456790Z';

export function describeMarkers(fixture: Fixture): void {
  describe('putMarker', () => {
    test('makes a replica marker with the source’s ID and time', async () => {
      const { store, buckets, user } = fixture();
      const object = newRef(buckets.versioned, newKey('marker'));
      const marker = newRef(object.bucket, object.key);
      await store.write(object, contentOf(hello));

      await store.putMarker(marker, later);

      const modified = '2026-01-02T03:04:05.123Z';
      expect(await store.look(marker)).toEqual({ state: 'marker', modified, replica: true });
      expect(await store.read(marker)).toBeUndefined();
      expect(await user.get(object.bucket, object.key)).toBeUndefined();
      expect(await store.look(object)).toMatchObject({ state: 'object' });
      expect(await listed(store, object.bucket, object.key)).toMatchObject([
        { versionId: marker.versionId, marker: true, latest: true, modified, size: 0 },
        { versionId: object.versionId, marker: false, latest: false },
      ]);
    });

    test('of an older time leaves the object the latest', async () => {
      const { store, buckets, user } = fixture();
      const object = newRef(buckets.versioned, newKey('older'));
      await store.write(object, contentOf(hello));

      await store.putMarker(newRef(object.bucket, object.key), earlier);

      expect(await user.get(object.bucket, object.key)).toEqual(hello);
    });

    test('beneath many versions tells its time', async () => {
      const { store, buckets } = fixture();
      const marker = newRef(buckets.versioned, newKey('deep'));
      await store.putMarker(marker, earlier);
      for (let times = 0; times < 25; times++)
        await store.write(newRef(marker.bucket, marker.key), contentOf(hello));

      expect(await store.look(marker)).toMatchObject({ modified: '2026-01-02T03:04:05.123Z' });
    });

    test('of a key that has nothing else', async () => {
      const { store, buckets } = fixture();
      const marker = newRef(buckets.versioned, newKey('alone'));

      await store.putMarker(marker, later);

      expect(await store.look(marker)).toMatchObject({ state: 'marker', replica: true });
    });

    test('again leaves the marker there', async () => {
      const { store, buckets } = fixture();
      const marker = newRef(buckets.versioned, newKey('repeat'));

      for (let times = 0; times < 3; times++) await store.putMarker(marker, later);

      expect(await store.look(marker)).toMatchObject({ state: 'marker' });
    });

    test('on an object’s version refuses, and leaves the object', async () => {
      const { store, buckets } = fixture();
      const object = newRef(buckets.versioned, newKey('object'));
      await store.write(object, contentOf(hello));

      await expect(store.putMarker(object, later)).rejects.toThrow(TerminalError);

      expect(await store.look(object)).toMatchObject({ state: 'object' });
    });
  });

  test('a marker that a user made is no replica', async () => {
    const { store, buckets, user } = fixture();
    const object = await user.put(buckets.versioned, newKey('users'), hello);

    const marker = await user.delete(object.bucket, object.key);

    const look = await store.look(marker);
    const [line] = await listed(store, object.bucket, object.key);
    expect(look).toEqual({ state: 'marker', replica: false, modified: line?.modified });
  });

  describe('purge', () => {
    test('removes one version and no other; again, nothing', async () => {
      const { store, buckets } = fixture();
      const [one, other] = [newRef(buckets.versioned, newKey('purge')), newRef(buckets.versioned, '')];
      const kept = { ...other, key: one.key };
      await store.write(one, contentOf(hello));
      await store.write(kept, contentOf(hello));

      for (let times = 0; times < 2; times++) {
        await store.purge(one);
        expect(await store.look(one)).toEqual({ state: 'absent', missing: 'version' });
        expect(await listed(store, one.bucket, one.key)).toMatchObject([{ versionId: kept.versionId }]);
      }
    });

    test('removes a marker, and what it hid is seen again', async () => {
      const { store, buckets, user } = fixture();
      const object = newRef(buckets.versioned, newKey('unhide'));
      const marker = newRef(object.bucket, object.key);
      await store.write(object, contentOf(hello));
      await store.putMarker(marker, later);

      await store.purge(marker);

      expect(await store.look(marker)).toMatchObject({ state: 'absent' });
      expect(await user.get(object.bucket, object.key)).toEqual(hello);
    });

    test('of what was never there makes nothing', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('never'));

      await store.purge(ref);

      expect(await listed(store, ref.bucket, ref.key)).toEqual([]);
    });

    test('removes a null version', async () => {
      const { store, buckets } = fixture();
      const ref = { bucket: buckets.unversioned, key: newKey('null'), versionId: 'null' };
      await store.write(ref, contentOf(hello));

      await store.purge(ref);

      expect(await store.look(ref)).toEqual({ state: 'absent', missing: 'version' });
    });

    test('hazard: passes retention and legal hold', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.locked, newKey('held'));
      const retention = { mode: 'COMPLIANCE', until: '2099-01-01T00:00:00.000Z' } as const;
      await store.write(ref, contentOf(hello, { retention, legalHold: 'ON' }));

      await store.purge(ref);

      expect(await store.look(ref)).toMatchObject({ state: 'absent' });
    });

    test('hazard: a late write brings the version back', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('late'));
      await store.write(ref, contentOf(hello));
      await store.purge(ref);

      expect(await store.write(ref, contentOf(hello))).toBe('written');

      expect(await store.look(ref)).toMatchObject({ state: 'object' });
    });
  });
}
