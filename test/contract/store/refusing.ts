/** Contract: what a site cannot take is refused in words that say whose turn it is. */
import { describe, expect, test } from 'vitest';
import { RefusedError, TerminalError } from '../../../functions/errors.ts';
import { bytes, contentOf, type Fixture, listed, newKey, newRef } from './fixture.ts';

const hello = bytes('hello');

/** Keys that some site somewhere handles in its own way. */
export const oddKeys: readonly string[] = [
  'a b',
  ' leading',
  'trailing ',
  'a+b',
  'a%20b',
  'a%2Fb',
  '100%',
  'q\'"<>&',
  'back\\slash',
  '?query=1&x#fragment',
  'semi;colon,:@=$!~*()[]{}|^`',
  'tab\there',
  'new\nline',
  '\u0001control',
  'ünïcode/日本/🦆',
  'e\u0301',
  '\u00e9',
  '\ufffd',
  '.hidden',
  '...',
  'folder/',
  'deep/'.repeat(100).concat('x'),
  `${'é'.repeat(110)}/`.repeat(4).concat('900 bytes'),
  'a//b',
  './x',
  'x/./y',
  '..',
  'x/../y',
  '/leading',
  'trailing//',
  'nul\u0000',
  '\ud800',
  'x'.repeat(256),
  'x/'.repeat(512).concat('x'),
];

export function describeRefusing(fixture: Fixture): void {
  describe('keys', () => {
    test.for(oddKeys)('%j is kept as it is, or refused', async (key) => {
      const { store, buckets, refusedKeys } = fixture();
      const ref = newRef(buckets.versioned, key);

      if (refusedKeys.includes(key)) {
        await expect(store.write(ref, contentOf(hello))).rejects.toThrow(TerminalError);
        return;
      }
      expect(await store.write(ref, contentOf(hello))).toBe('written');
      expect(await store.look(ref)).toMatchObject({ state: 'object' });
      const lines = await listed(store, ref.bucket, key);
      expect(lines.filter((line) => line.key === key)).toMatchObject([{ versionId: ref.versionId }]);
      await store.purge(ref);
      expect(await store.look(ref)).toMatchObject({ state: 'absent' });
    });
  });

  describe('refusals', () => {
    test('an absent bucket takes no write, and says so', async () => {
      const { store } = fixture();
      const ref = newRef('no-such-bucket', 'a');
      const refusal = { name: 'RefusedError', code: 'NoSuchBucket' };

      await expect(store.write(ref, contentOf(hello))).rejects.toMatchObject(refusal);
      await expect(store.read(ref)).rejects.toMatchObject(refusal);
      await expect(store.purge(ref)).rejects.toMatchObject(refusal);
      await expect(store.list(ref.bucket, { prefix: '', limit: 10 })).rejects.toMatchObject(refusal);
    });

    test('a bucket without versioning takes no version of its own ID', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.unversioned, newKey('versioned'));

      await expect(store.write(ref, contentOf(hello))).rejects.toThrow(RefusedError);
    });

    test('a bucket without object lock takes no retention', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('locked'));
      const retention = { mode: 'GOVERNANCE', until: '2099-01-01T00:00:00.000Z' } as const;

      await expect(store.write(ref, contentOf(hello, { retention }))).rejects.toThrow(RefusedError);
      expect(await store.look(ref)).toEqual({ state: 'absent', missing: 'version' });
    });

    test('a version ID that the site cannot have is hopeless', async () => {
      const { store, buckets } = fixture();
      const ref = { bucket: buckets.versioned, key: newKey('id'), versionId: 'not-a-uuid' };

      await expect(store.write(ref, contentOf(hello))).rejects.toThrow(TerminalError);
    });
  });
}
