/** Contract: looking and reading tell what is there, and only then what is not. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../functions/errors.ts';
import { bodyOf, bytes, contentOf, type Fixture, MEBIBYTE, md5, newKey, newRef } from './fixture.ts';

export function describeLooking(fixture: Fixture): void {
  describe('look and read', () => {
    test('tell an absent version from an absent bucket', async () => {
      const { store, buckets } = fixture();
      const there = newRef(buckets.versioned, newKey('there'));
      await store.write(there, contentOf(bytes('x')));

      const otherVersion = newRef(there.bucket, there.key);
      const otherKey = newRef(there.bucket, newKey('absent'));
      for (const ref of [otherVersion, otherKey, { ...otherKey, versionId: 'null' }]) {
        expect(await store.look(ref)).toEqual({ state: 'absent', missing: 'version' });
        expect(await store.read(ref)).toBeUndefined();
      }
      const nowhere = newRef('no-such-bucket', 'a');
      expect(await store.look(nowhere)).toEqual({ state: 'absent', missing: 'bucket' });
    });

    test('see what a user wrote, in one piece or in parts', async () => {
      const { store, buckets, user } = fixture();
      const body = randomBytes(6 * MEBIBYTE);
      const whole = await user.put(buckets.versioned, newKey('whole'), body);
      const inParts = await user.put(buckets.versioned, newKey('parts'), body, { partSize: 5 * MEBIBYTE });

      expect(await store.look(whole)).toMatchObject({ facts: { etag: md5(body), size: body.length } });
      const look = await store.look(inParts);
      expect(look).toMatchObject({ state: 'object', replica: false, facts: { size: body.length } });
      expect(look.state === 'object' && look.facts.etag).toMatch(/^[0-9a-f]{32}-2$/);
      for (const ref of [whole, inParts])
        expect(Buffer.compare(await bodyOf(await store.read(ref)), body)).toBe(0);
    });

    test('see changed tags', async () => {
      const { store, buckets, user } = fixture();
      const ref = await user.put(buckets.versioned, newKey('tags'), bytes('x'), { tags: { a: '1' } });
      expect(await store.look(ref)).toMatchObject({ facts: { tags: { a: '1' } } });

      await user.putTags(ref, { b: 'two words' });

      expect(await store.look(ref)).toMatchObject({ facts: { tags: { b: 'two words' } } });
      await user.deleteVersion(ref);
      expect(await store.look(ref)).toMatchObject({ state: 'absent' });
    });

    test('let go of content that is not wanted, before, within and after', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('discard'));
      await store.write(ref, contentOf(randomBytes(4 * MEBIBYTE)));

      for (let times = 0; times < 200; times++) {
        const content = await store.read(ref);
        if (times % 2 === 0) for await (const _ of content?.chunks ?? []) break;
        content?.discard();
        content?.discard();
      }

      expect((await bodyOf(await store.read(ref))).length).toBe(4 * MEBIBYTE);
    });
  });

  describe('the site', () => {
    test('describes its buckets', async () => {
      const { store, buckets } = fixture();
      const [versioned, unversioned, locked] = await Promise.all(
        [buckets.versioned, buckets.unversioned, buckets.locked].map((bucket) => store.bucket(bucket)),
      );

      expect(versioned).toMatchObject({ versioning: 'enabled', objectLock: false });
      expect(unversioned).toMatchObject({ versioning: 'off', objectLock: false });
      expect(locked).toMatchObject({ versioning: 'enabled', objectLock: true });
      expect(Date.parse(versioned?.created ?? '')).toBeGreaterThan(0);
      expect(await store.bucket(buckets.versioned)).toEqual(versioned);
      expect(await store.bucket('no-such-bucket')).toBeUndefined();
    });

    test('answers a probe', async () => {
      await fixture().store.probe();
    });

    test('refuses a wrong secret, without telling it', async ({ skip }) => {
      const { impostor, buckets } = fixture();
      if (!impostor) return skip('a site without secrets');
      const error = await impostor.probe().catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(RefusedError);
      expect(error).toMatchObject({ code: 'SignatureDoesNotMatch' });
      expect(String(error)).not.toContain('wrong-secret');
      await expect(impostor.look(newRef(buckets.versioned, 'a'))).rejects.toThrow(RefusedError);
      await expect(impostor.bucket(buckets.versioned)).rejects.toThrow(RefusedError);
      for (const size of [5, 16 * MEBIBYTE, 17 * MEBIBYTE]) {
        const write = impostor.write(newRef(buckets.versioned, 'a'), contentOf(randomBytes(size)));
        await expect(write, `${size} bytes`).rejects.toThrow(RefusedError);
      }
    });
  });
}
