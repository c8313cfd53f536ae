/** Contract: what a site copies of its own is as if it had been written, proved to be what is wanted, or not there. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { VersionFacts, VersionRef } from '../../../events/object-events.ts';
import type { Copying, Digest, PlacedContent } from '../../../functions/content.ts';
import { digestOf } from '../../../functions/replication/digest.ts';
import {
  bodyOf,
  contentOf,
  expectFacts,
  type Fixture,
  listed,
  md5,
  newKey,
  newRef,
  plainFacts,
} from './fixture.ts';
import { oddKeys } from './refusing.ts';
import { richFacts } from './writing.ts';

const KIBIBYTE = 1024;
const locks = {
  retention: { mode: 'GOVERNANCE', until: '2099-01-01T00:00:00.000Z' },
  legalHold: 'ON',
} as const;
const etagOfParts = (body: Uint8Array): string => `${md5(body)}-3`;

export function describeCopying(fixture: Fixture): void {
  const copying = (): Copying => {
    const { store } = fixture();
    if (!store.copying) throw new Error('the store copies nothing');
    return store.copying;
  };
  const digest = async (body: Uint8Array, etag = md5(body)): Promise<Digest> => {
    const found = await digestOf(contentOf(body), copying().pieceBytes({ etag }));
    if (!found) throw new Error('the content is not as long as it says');
    return found;
  };
  async function placed(body: Uint8Array, ref: VersionRef, etag = md5(body)): Promise<PlacedContent> {
    await fixture().store.write(ref, contentOf(body, { etag }));
    return { ...ref, etag };
  }
  const absent = { state: 'absent', missing: 'version' } as const;

  describe('copy', () => {
    test.for([
      ['to another key', 'versioned', 400, {}, md5],
      ['to another bucket, with locks', 'locked', 400, locks, md5],
      ['of what is stored in files', 'locked', 3000, locks, md5],
      ['to an ETag of an upload in parts', 'versioned', 400, {}, etagOfParts],
      ['to such an ETag with locks', 'locked', 3000, locks, etagOfParts],
    ] as const)('%s keeps all that a version has', async ([, bucketKind, size, lock, etagOf]) => {
      const { store, buckets } = fixture();
      const body = randomBytes(size * KIBIBYTE);
      const from = await placed(body, newRef(buckets.versioned, newKey('from')));
      const facts: VersionFacts = { ...richFacts, ...lock, size: body.length, etag: etagOf(body) };
      const ref = newRef(buckets[bucketKind], newKey('to'));

      expect(copying().takes(ref, { facts })).toBe(true);
      expect(await copying().copy(ref, facts, from, await digest(body, facts.etag))).toBe('written');

      const look = await store.look(ref);
      expect(look).toMatchObject({ state: 'object', replica: true });
      if (look.state === 'object') expectFacts(look.facts, facts);
      expect(Buffer.compare(await bodyOf(await store.read(ref)), body)).toBe(0);
      const { expires: _, ...headers } = facts.headers;
      const { size: __, etag, modified: ___, ...told } = { ...facts, headers };
      expect(await listed(store, ref.bucket, ref.key)).toMatchObject(
        [
          { ...ref, etag, latest: true, modified: '2026-01-02T03:04:05.123Z', replica: true, facts: told },
        ].map(({ bucket: ____, ...line }) => line),
      );
    });

    test('within one key makes a version that stays when the other is purged', async () => {
      const { store, buckets } = fixture();
      const body = randomBytes(400 * KIBIBYTE);
      const key = newKey('twice');
      for (const etag of [md5(body), etagOfParts(body)]) {
        const from = await placed(body, newRef(buckets.versioned, key));
        const ref = newRef(buckets.versioned, key);
        await copying().copy(ref, plainFacts(body, { etag }), from, await digest(body, etag));
        await store.purge(from);

        expect(await store.look(from)).toEqual(absent);
        expect(Buffer.compare(await bodyOf(await store.read(ref)), body)).toBe(0);
      }
    });

    test('of a copy works as of what was written', async () => {
      const { store, buckets } = fixture();
      const body = randomBytes(300 * KIBIBYTE);
      let from = await placed(body, newRef(buckets.versioned, newKey('first')), etagOfParts(body));
      for (const etag of [md5(body), etagOfParts(body), md5(body)]) {
        const ref = newRef(buckets.versioned, newKey('next'));
        expect(
          await copying().copy(ref, plainFacts(body, { etag }), from, await digest(body, etag)),
          etag,
        ).toBe('written');
        from = { ...ref, etag };
      }
      expect(Buffer.compare(await bodyOf(await store.read(from)), body)).toBe(0);
    });

    test('again leaves one version, with what it was told last', async () => {
      const { store, buckets } = fixture();
      const body = randomBytes(300 * KIBIBYTE);
      const from = await placed(body, newRef(buckets.versioned, newKey('from')));
      for (const etag of [md5(body), etagOfParts(body)]) {
        const ref = newRef(buckets.versioned, newKey('again'));
        const facts = plainFacts(body, { etag, tags: { a: '1' } });
        await copying().copy(ref, facts, from, await digest(body, facts.etag));

        expect(await copying().copy(ref, facts, from, await digest(body, facts.etag))).toBeDefined();

        expect(await listed(store, ref.bucket, ref.key)).toMatchObject([
          { etag, facts: { tags: { a: '1' } } },
        ]);
      }
    });

    test('of what is there sets it to what it is told, but for the ETag of an upload in parts', async () => {
      const { store, buckets } = fixture();
      const body = randomBytes(300 * KIBIBYTE);
      const from = await placed(body, newRef(buckets.versioned, newKey('from')));
      for (const [etag, answer, tags] of [
        [md5(body), 'written', { b: '2' }],
        [etagOfParts(body), 'already', { a: '1' }],
      ] as const) {
        const ref = newRef(buckets.versioned, newKey('there'));
        await store.write(ref, contentOf(body, { etag, tags: { a: '1' } }));

        const facts = plainFacts(body, { etag, tags: { b: '2' } });
        expect(await copying().copy(ref, facts, from, await digest(body, etag))).toBe(answer);

        expect(await store.look(ref)).toMatchObject({ facts: { etag, tags } });
      }
    });

    test('of what has gone, or is another, leaves nothing', async () => {
      const { store, buckets, user } = fixture();
      const body = randomBytes(300 * KIBIBYTE);
      const other = randomBytes(300 * KIBIBYTE);
      const from = await placed(body, newRef(buckets.versioned, newKey('from')));
      const gone = await placed(body, newRef(buckets.versioned, newKey('gone')));
      await store.purge(gone);
      const marker = await user.delete(buckets.versioned, from.key);
      // An ETag that lies: a site believes those that it is told.
      const liar = await placed(other, newRef(buckets.versioned, newKey('liar')), etagOfParts(body));
      const wrong: Record<string, PlacedContent> = {
        'a version that was purged': gone,
        'a version that never was': { ...from, ...newRef(from.bucket, from.key) },
        'a key that never was': { ...from, key: newKey('never') },
        'a bucket that never was': { ...from, bucket: 'no-such-bucket' },
        'a delete marker': { ...marker, etag: from.etag },
        'another ETag': { ...from, etag: md5(other) },
        'other content under the ETag': liar,
      };

      for (const [name, source] of Object.entries(wrong)) {
        for (const etag of [md5(body), etagOfParts(body)]) {
          const ref = newRef(buckets.versioned, newKey('to'));
          const facts = plainFacts(body, { etag });
          expect(await copying().copy(ref, facts, source, await digest(body, etag)), name).toBeUndefined();
          expect(await store.look(ref), name).toEqual(absent);
        }
      }
    });

    test('takes odd keys for what they are', async () => {
      const { store, buckets, refusedKeys } = fixture();
      const body = randomBytes(260 * KIBIBYTE);
      const keys = oddKeys.filter((key) => !refusedKeys.includes(key));
      for (const key of keys) {
        const facts = plainFacts(body);
        if (!copying().takes(newRef(buckets.versioned, key), { facts })) continue;
        const from = await placed(body, newRef(buckets.versioned, key));
        const ref = newRef(buckets.locked, key);
        expect(await copying().copy(ref, facts, from, await digest(body, facts.etag)), key).toBe('written');
        await Promise.all([store.purge(from), store.purge(ref)]);
      }
    });

    test('keeps an archive an archive, whatever its metadata says', async () => {
      const { store, buckets } = fixture();
      const body = randomBytes(300 * KIBIBYTE);
      const from = await placed(body, newRef(buckets.versioned, newKey('from')));
      for (const etag of [md5(body), etagOfParts(body)]) {
        const ref = newRef(buckets.versioned, newKey('archive'));
        const facts = plainFacts(body, { etag, metadata: { 'snowball-auto-extract': 'true' } });

        await copying().copy(ref, facts, from, await digest(body, facts.etag));

        expect(await store.look(ref)).toMatchObject({ facts: { metadata: facts.metadata, etag } });
      }
    });

    test('is not for what is too small, or encrypted in a way that hides its MD5', () => {
      const ref = newRef(fixture().buckets.versioned, 'a');
      const takes = (size: number, more: { etag?: string; encryption?: string } = {}): boolean => {
        const { etag = '0123456789abcdef0123456789abcdef', encryption } = more;
        return copying().takes(ref, { facts: { ...richFacts, size, etag }, encryption });
      };

      expect(takes(256 * KIBIBYTE)).toBe(true);
      expect(takes(256 * KIBIBYTE - 1)).toBe(false);
      expect(takes(256 * KIBIBYTE, { encryption: 'aws:kms' })).toBe(false);
    });
  });
}
