/** Contract: listings are ordered, complete page by page, and hide nested keys. */
import { describe, expect, test } from 'vitest';
import type { ListPage } from '../../../functions/ports.ts';
import { versionsOf } from '../../../functions/replication/order.ts';
import { bytes, contentOf, type Fixture, listed, newKey, newRef } from './fixture.ts';

const hello = bytes('hello');

export function describeListing(fixture: Fixture): void {
  describe('list', () => {
    test('sorts keys by their UTF-8 bytes', async () => {
      const { store, buckets } = fixture();
      const prefix = `${newKey('sort')}/`;
      const names = [
        'Z',
        'a',
        'a!',
        'a!x',
        'b/x',
        'b0',
        'b!',
        'é',
        'e\u0301',
        '\ue000',
        '\ufffd',
        '🦆',
        '~',
        'a b',
        'a+b',
      ];
      for (const name of names) await store.write(newRef(buckets.versioned, prefix + name), contentOf(hello));

      const keys = (await listed(store, buckets.versioned, prefix)).map(({ key }) => key);

      const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
      expect(keys).toEqual(names.map((name) => prefix + name).sort(byBytes));
    });

    test.for([1, 2, 3, 7])('loses nothing in pages of %i', async (limit) => {
      const { store, buckets } = fixture();
      const prefix = `${newKey('pages')}/`;
      for (const name of ['a', 'b b', 'c+%', 'd']) {
        for (let second = 0; second < 4; second++) {
          const modified = `2026-01-02T03:04:0${second}.000000000Z`;
          await store.write(newRef(buckets.versioned, prefix + name), contentOf(hello, { modified }));
        }
        await store.putMarker(newRef(buckets.versioned, prefix + name), '2026-01-02T03:04:09Z');
      }
      const whole = await store.list(buckets.versioned, { prefix, limit: 1000 });

      expect(whole.next).toBeUndefined();
      expect(whole.versions).toHaveLength(20);
      expect(await listed(store, buckets.versioned, prefix, limit)).toEqual(whole.versions);
      const first = whole.versions.slice(0, 5);
      expect(first.map(({ modified }) => modified.slice(17, 19))).toEqual(['09', '03', '02', '01', '00']);
      expect(first.map(({ marker, latest }) => [marker, latest])).toEqual([
        [true, true],
        [false, false],
        [false, false],
        [false, false],
        [false, false],
      ]);
    });

    test('loses nothing of a key with more versions than a page has', async () => {
      const { store, buckets } = fixture();
      const key = newKey('many');
      const refs = Array.from({ length: 1_003 }, () => newRef(buckets.versioned, key));
      const waiting = refs.entries();
      const write = async (): Promise<void> => {
        for (const [index, ref] of waiting) {
          const modified = `2026-01-02T03:04:05.${String(index).padStart(9, '0')}Z`;
          await store.write(ref, contentOf(hello, { modified }));
        }
      };
      await Promise.all(Array.from({ length: 8 }, write));

      const versions = await listed(store, buckets.versioned, key);

      expect(versions.map(({ versionId }) => versionId)).toEqual(
        refs.map(({ versionId }) => versionId).reverse(),
      );
      expect(versions.filter(({ latest }) => latest)).toHaveLength(1);
      expect(await versionsOf(store, buckets.versioned, key)).toEqual(versions);
    });

    test('goes on behind a key, wherever it lies', async () => {
      const { store, buckets } = fixture();
      const prefix = `${newKey('after')}/`;
      for (const name of ['b', 'c', 'd'])
        for (let times = 0; times < 2; times++)
          await store.write(newRef(buckets.versioned, prefix + name), contentOf(hello));
      const namesAfter = async (after: ListPage['next']): Promise<string[]> => {
        const page = await store.list(buckets.versioned, { prefix, limit: 100, after });
        return page.versions.map(({ key }) => key.slice(prefix.length));
      };

      expect(await namesAfter({ key: `${prefix}c`, versionId: '' })).toEqual(['d', 'd']);
      expect(await namesAfter({ key: `${prefix}bb`, versionId: '' })).toEqual(['c', 'c', 'd', 'd']);
      expect(await namesAfter({ key: prefix, versionId: '' })).toHaveLength(6);
      expect(await namesAfter({ key: 'aaa', versionId: '' })).toHaveLength(6);
      expect(await namesAfter({ key: '~~~', versionId: '' })).toEqual([]);
    });

    test('is empty where there is nothing', async () => {
      const { store, buckets } = fixture();

      const page = await store.list(buckets.versioned, { prefix: newKey('nothing'), limit: 10 });

      expect(page).toEqual({ versions: [], next: undefined });
    });

    test('hazard: hides keys below an object, which are there', async () => {
      const { store, buckets } = fixture();
      const base = newKey('nested');
      const refs = [base, `${base}/b`, `${base}/b/c`].map((key) => newRef(buckets.versioned, key));
      for (const ref of refs) await store.write(ref, contentOf(hello));
      const marker = newRef(buckets.versioned, `${base}/b`);
      await store.putMarker(marker, '2026-01-02T03:04:09Z');

      for (const prefix of [base, `${base}/`, `${base}/b`])
        expect((await listed(store, buckets.versioned, prefix)).filter(({ key }) => key !== base)).toEqual(
          [],
        );
      for (const ref of refs) expect(await store.look(ref)).toMatchObject({ state: 'object' });
      expect(await store.look(marker)).toMatchObject({ state: 'marker', replica: true });
    });
  });
}
