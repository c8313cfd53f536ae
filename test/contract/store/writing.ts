/** Contract: replicas are written as they were, or not at all. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { VersionFacts } from '../../../events/object-events.ts';
import { RetryableError } from '../../../functions/errors.ts';
import { tar } from '../../../infra/stores/tar.ts';
import {
  bodyOf,
  bytes,
  contentFrom,
  contentOf,
  expectFacts,
  type Fixture,
  listed,
  MEBIBYTE,
  md5,
  newKey,
  newRef,
  plainFacts,
} from './fixture.ts';

const hello = bytes('hello');

/** All that a version can have. */
export const richFacts: VersionFacts = plainFacts(hello, {
  headers: {
    'cache-control': 'max-age=60,  private',
    'content-disposition': 'attachment; filename="Übersicht 2.txt"',
    'content-encoding': 'identity',
    'content-language': 'de, en',
    'content-type': 'text/plain; charset=utf-8',
    expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
  },
  metadata: {
    plain: 'value',
    'with-dashes_and.dots': 'x',
    'odd!#$&~': 'tokens',
    spaced: 'a  b\tc',
    quoted: `"a" <b> & 'c'; d,e=f`,
    empty: '',
    umlaut: 'Grüße aus Köln',
    punctuated: 'Größe: 3 (drei); 50 %',
    asian: '日本語 テキスト',
    emoji: '🦆',
    'wide-spaces': 'a\u00a0b\u3000c\u2003\u2003d',
    long: 'Ω'.repeat(150),
    'looks-encoded': '=?UTF-8?q?abc?=',
  },
  tags: { one: '1', 'two words': 'a b', odd: '+-=._:/@', empty: '' },
});

const locks = {
  retention: { mode: 'GOVERNANCE', until: '2099-01-01T00:00:00.000Z' },
  legalHold: 'ON',
} as const;

export function describeWriting(fixture: Fixture): void {
  describe('write', () => {
    test.for([
      ['with all headers, metadata and tags', 'versioned', richFacts],
      ['with retention and legal hold', 'locked', { ...richFacts, ...locks }],
      [
        'in COMPLIANCE until an odd millisecond',
        'locked',
        {
          ...richFacts,
          retention: { mode: 'COMPLIANCE', until: '2030-01-01T00:00:00.123Z' },
        },
      ],
      ['with a legal hold that is off', 'locked', { ...richFacts, legalHold: 'OFF' }],
      [
        'with retention that has ended',
        'locked',
        {
          ...richFacts,
          retention: { mode: 'GOVERNANCE', until: '2020-01-01T00:00:00.000Z' },
        },
      ],
    ] as const)('keeps a version %s, as HEAD, GET and listing tell', async ([, bucketKind, facts]) => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets[bucketKind], newKey('rich'));

      const outcome = await store.write(ref, contentFrom([hello], facts));

      expect(outcome).toBe('written');
      const look = await store.look(ref);
      expect(look).toMatchObject({ state: 'object', replica: true });
      if (look.state === 'object') expectFacts(look.facts, facts);
      const content = await store.read(ref);
      if (content) expectFacts(content.facts, facts);
      expect(await bodyOf(content)).toEqual(hello);
      const [line] = await listed(store, ref.bucket, ref.key);
      const { expires: _, ...headers } = facts.headers;
      const { size: __, etag: ___, modified: ____, ...told } = { ...facts, headers };
      expect(line).toEqual({
        key: ref.key,
        versionId: ref.versionId,
        marker: false,
        latest: true,
        modified: '2026-01-02T03:04:05.123Z',
        size: 5,
        etag: facts.etag,
        replica: true,
        facts: told,
      });
    });

    test.for([
      ['in one piece', 1],
      ['in a stream', 17 * MEBIBYTE],
    ] as const)('keeps an archive an archive, whatever its metadata says (%s)', async ([, padding]) => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('archive'));
      const inside = newKey('inside');
      const archive = Buffer.concat([
        tar([{ name: inside, body: hello, records: {} }]),
        Buffer.alloc(padding),
      ]);
      const facts = plainFacts(archive, { metadata: { 'snowball-auto-extract': 'true' } });

      await store.write(ref, contentFrom([archive], facts));

      const look = await store.look(ref);
      expect(look).toMatchObject({ state: 'object', facts: { metadata: facts.metadata, etag: facts.etag } });
      expect(await listed(store, ref.bucket, inside)).toEqual([]);
    });

    test('passes on what a user wrote, however it is encoded on the way', async () => {
      const { store, buckets, user } = fixture();
      const { headers, metadata, tags } = richFacts;
      const source = await user.put(buckets.locked, newKey('user'), hello, {
        headers,
        metadata,
        tags,
        ...locks,
      });
      const target = newRef(buckets.locked, newKey('copy'));

      const content = await store.read(source);
      if (!content) throw new Error('the source is absent');
      await store.write(target, content);

      const [before, after] = [await store.look(source), await store.look(target)];
      expect(before).toMatchObject({ facts: { headers, metadata, tags, ...locks }, replica: false });
      expect(after).toEqual({ ...before, replica: true });
    });

    test('keeps the ETag of a multipart upload', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('etag'));
      const etag = '0123456789abcdef0123456789abcdef-7';

      await store.write(ref, contentOf(hello, { etag }));

      expect(await store.look(ref)).toMatchObject({ facts: { etag, size: 5 } });
    });

    test('takes an empty object', async () => {
      const { store, buckets, user } = fixture();
      const ref = newRef(buckets.versioned, newKey('empty'));

      expect(await store.write(ref, contentFrom([], plainFacts(bytes(''))))).toBe('written');

      expect(await user.get(ref.bucket, ref.key)).toEqual(bytes(''));
    });

    test('again, finds the version there already', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('again'));

      expect(await store.write(ref, contentOf(hello))).toBe('written');
      expect(await store.write(ref, contentOf(hello))).toBe('already');

      expect(await listed(store, ref.bucket, ref.key)).toHaveLength(1);
    });

    test('again with 16 MiB, finds the version there already', async () => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('again'));
      const body = randomBytes(16 * MEBIBYTE);

      expect(await store.write(ref, contentOf(body))).toBe('written');
      for (let times = 0; times < 3; times++) expect(await store.write(ref, contentOf(body))).toBe('already');
    });

    test('of an older version later leaves the newer one the latest, by a nanosecond', async () => {
      const { store, buckets, user } = fixture();
      const key = newKey('order');
      const [newer, older] = [newRef(buckets.versioned, key), newRef(buckets.versioned, key)];

      await store.write(newer, contentOf(bytes('new'), { modified: '2026-01-02T03:04:05.123456002Z' }));
      await store.write(older, contentOf(bytes('old'), { modified: '2026-01-02T03:04:05.123456001Z' }));

      expect(await user.get(newer.bucket, key)).toEqual(bytes('new'));
      const ids = (await listed(store, newer.bucket, key)).map(({ versionId }) => versionId);
      expect(ids).toEqual([newer.versionId, older.versionId]);
    });

    test('takes null versions where there is no versioning', async () => {
      const { store, buckets, user } = fixture();
      const ref = { bucket: buckets.unversioned, key: newKey('null'), versionId: 'null' };

      await store.write(ref, contentOf(hello));

      expect(await store.look(ref)).toMatchObject({ state: 'object', replica: true });
      expect(await bodyOf(await store.read(ref))).toEqual(hello);
      expect(await user.get(ref.bucket, ref.key)).toEqual(hello);
      expect((await listed(store, ref.bucket, ref.key))[0]).toMatchObject({
        versionId: 'null',
        latest: true,
      });
    });

    test.for([
      ['that was uploaded in parts', '0123456789abcdef0123456789abcdef-9'],
      ['that was uploaded in one piece', undefined],
    ] as const)('takes 40 MiB %s', async ([, told]) => {
      const { store, buckets } = fixture();
      const body = randomBytes(40 * MEBIBYTE + 1);
      const facts: VersionFacts = { ...richFacts, size: body.length, etag: told ?? md5(body) };
      const ref = newRef(buckets.locked, newKey('large'));
      const pieces = [
        body.subarray(0, 1),
        new Uint8Array(),
        body.subarray(1, 20 * MEBIBYTE + 7),
        body.subarray(20 * MEBIBYTE + 7),
      ];

      expect(await store.write(ref, contentFrom(pieces, { ...facts, ...locks }))).toBe('written');

      const look = await store.look(ref);
      if (look.state === 'object') expectFacts(look.facts, { ...facts, ...locks });
      expect(look).toMatchObject({ state: 'object', replica: true });
      expect(Buffer.compare(await bodyOf(await store.read(ref)), body)).toBe(0);
      expect((await listed(store, ref.bucket, ref.key))[0]?.modified).toBe('2026-01-02T03:04:05.123Z');
      expect(await store.write(ref, contentFrom(pieces, { ...facts, ...locks }))).toBe('already');
    });

    test.for([
      ['5 bytes', 5, undefined],
      ['17 MiB', 17 * MEBIBYTE, undefined],
      ['17 MiB of an upload in parts', 17 * MEBIBYTE, '0123456789abcdef0123456789abcdef-2'],
    ] as const)('of %s that are not the source’s leaves nothing', async ([, size, told]) => {
      const { store, buckets } = fixture();
      const body = randomBytes(size);
      const facts = plainFacts(body, told ? { etag: told } : {});
      const changed = Buffer.from(body);
      changed[size - 1] = (changed[size - 1] ?? 0) ^ 1;
      const wrong = {
        // Of what was uploaded in parts the ETag proves nothing.
        ...(!told && { 'other bytes': [changed] }),
        'a byte too few': [body.subarray(1)],
        'a byte too many': [body, bytes('x')],
        nothing: [],
      };
      for (const [name, chunks] of Object.entries(wrong)) {
        const ref = newRef(buckets.versioned, newKey('wrong'));
        await expect(store.write(ref, contentFrom(chunks, facts)), name).rejects.toThrow(RetryableError);
        expect(await store.look(ref), name).toEqual({ state: 'absent', missing: 'version' });
      }
    });

    test.for([
      ['5 bytes', 5, undefined],
      ['40 MiB', 40 * MEBIBYTE, undefined],
      ['40 MiB of an upload in parts', 40 * MEBIBYTE, '0123456789abcdef0123456789abcdef-2'],
    ] as const)('of %s that break off leaves nothing', async ([, size, told]) => {
      const { store, buckets } = fixture();
      const ref = newRef(buckets.versioned, newKey('broken'));
      const body = randomBytes(size);
      const facts = plainFacts(body, told ? { etag: told } : {});
      const broken = new Error('the source went away');
      async function* breaking() {
        yield body.subarray(0, size - 1);
        throw broken;
      }

      await expect(store.write(ref, contentFrom(breaking(), facts))).rejects.toBe(broken);

      expect(await store.look(ref)).toEqual({ state: 'absent', missing: 'version' });
    });
  });
}
