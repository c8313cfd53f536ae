/** The MinIO store against a real server: the contract suite, and what only MinIO does. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import { placeholderOf } from '../../functions/replication/placeholder.ts';
import { archiveOf } from '../../infra/stores/stack-archive.ts';
import { tar } from '../../infra/stores/tar.ts';
import type { WireRequest } from '../../infra/stores/wire.ts';
import {
  bytes,
  contentFrom,
  contentOf,
  listed,
  MEBIBYTE,
  newKey,
  newRef,
  plainFacts,
} from './store/fixture.ts';
import { type MinioFixture, minioFixture } from './store/minio-fixture.ts';
import { describeStore } from './store-contract.ts';

describeStore('MinIO', minioFixture);

const hello = bytes('hello');
const REPLICA = { 'x-amz-replication-status': 'REPLICA', 'x-minio-source-replication-request': 'true' };
const modified = '2026-01-02T03:04:05.123456789Z';

describe('MinIO itself', () => {
  let fixture: MinioFixture;

  beforeAll(async () => {
    fixture = await minioFixture();
  });
  afterAll(() => fixture?.close());

  const ask = (request: Omit<WireRequest, 'deadlineMs'>) =>
    fixture.root.send({ ...request, deadlineMs: 10_000 });

  const askMarker = ({ bucket, key, versionId }: VersionRef) =>
    ask({
      method: 'DELETE',
      bucket,
      key,
      query: { versionId },
      headers: { ...REPLICA, 'x-minio-source-deletemarker': 'true', 'x-minio-source-mtime': modified },
    });

  const uploads = async (bucket: string): Promise<string> =>
    (await ask({ method: 'GET', bucket, query: { uploads: '' } })).body.toString();

  test('verifies the Content-MD5 of an unsigned payload, and writes nothing that differs', async () => {
    const ref = newRef('versioned', newKey('md5'));
    const answer = await ask({
      method: 'PUT',
      bucket: ref.bucket,
      key: ref.key,
      query: { versionId: ref.versionId },
      headers: { ...REPLICA, 'content-md5': Buffer.alloc(16).toString('base64') },
      body: hello,
    });

    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain('BadDigest');
    expect(await fixture.store.look(ref)).toMatchObject({ state: 'absent' });
  });

  test('verifies the Content-MD5 of a part', async () => {
    const [bucket, key] = ['versioned', newKey('part')];
    const begun = await ask({ method: 'POST', bucket, key, query: { uploads: '' } });
    const uploadId = /<UploadId>([^<]*)/.exec(begun.body.toString())?.[1] ?? '';

    const answer = await ask({
      method: 'PUT',
      bucket,
      key,
      query: { uploadId, partNumber: '1' },
      headers: { 'content-md5': Buffer.alloc(16).toString('base64') },
      body: hello,
    });

    expect(answer.body.toString()).toContain('BadDigest');
    await ask({ method: 'DELETE', bucket, key, query: { uploadId } });
  });

  const putStack = (body: Buffer, headers: Record<string, string> = {}) =>
    ask({
      method: 'PUT',
      bucket: 'versioned',
      key: '.stack',
      headers: { ...REPLICA, 'x-amz-meta-snowball-auto-extract': 'true', ...headers },
      body,
    });

  const entriesOf = (count: number, size: number) =>
    Array.from({ length: count }, () => {
      const ref = newRef('versioned', newKey('stacked'));
      return { ref, name: ref.key, body: randomBytes(size), records: { 'minio.versionId': ref.versionId } };
    });

  test.each(['content-md5', 'x-amz-checksum-crc32'])(
    'hazard: verifies no %s of a stack that ends as tars do',
    async (name) => {
      const end = Buffer.alloc(1024);
      const wrong = Buffer.alloc(name === 'content-md5' ? 16 : 4).toString('base64');

      const answer = await putStack(Buffer.concat([tar(entriesOf(3, 1000)), end]), { [name]: wrong });

      expect(answer.status).toBe(200);
    },
  );

  test.each([
    [1, 0],
    [1, 1],
    [40, 1000],
    [3, 500_000],
  ])('verifies the checksum of a stack’s zstd: %i versions of %i bytes', async (count, size) => {
    const entries = entriesOf(count, size);
    const { body } = await archiveOf(tar(entries));
    const places = [0, 0.3, 0.6, 0.95].map((share) => Math.floor(share * body.length));
    for (const at of [...places, body.length - 5, body.length - 1]) {
      const damaged = Buffer.from(body);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      expect((await putStack(damaged)).status, `byte ${at} of ${body.length}`).toBe(400);
    }
    for (const length of [body.length - 1, body.length - 4, places[1]])
      expect((await putStack(body.subarray(0, length))).status, `${length} bytes`).toBe(400);

    expect((await putStack(body)).status).toBe(200);

    for (const { ref, body: wanted } of entries) {
      const content = await fixture.store.read(ref);
      expect(content && Buffer.concat(await Array.fromAsync(content.chunks))).toEqual(wanted);
    }
  });

  test('hazard: a second delete-marker request removes the marker', async () => {
    const ref = newRef('versioned', newKey('doubled'));
    await fixture.store.write(newRef(ref.bucket, ref.key), contentOf(hello));

    await askMarker(ref);
    expect(await fixture.store.look(ref)).toMatchObject({ state: 'marker', replica: true });
    await askMarker(ref);

    expect(await fixture.store.look(ref)).toMatchObject({ state: 'absent' });
  });

  test('hazard: a delete-marker request on an object’s version purges it', async () => {
    const ref = newRef('versioned', newKey('aimed'));
    await fixture.store.write(ref, contentOf(hello));

    await askMarker(ref);

    expect(await listed(fixture.store, ref.bucket, ref.key)).toEqual([]);
  });

  test('hazard: a marker that is the first version of its key is no replica', async () => {
    const ref = newRef('versioned', newKey('first'));

    await askMarker(ref);

    expect(await fixture.store.look(ref)).toMatchObject({ state: 'marker', replica: false });
  });

  test('the store’s own first marker is one, and leaves nothing beside it', async () => {
    const ref = newRef('versioned', newKey('first'));

    await fixture.store.putMarker(ref, modified);

    expect(await listed(fixture.store, ref.bucket, ref.key)).toMatchObject([
      { versionId: ref.versionId, marker: true, modified: '2026-01-02T03:04:05.123Z' },
    ]);
    expect(await fixture.store.look(ref)).toMatchObject({ replica: true });
  });

  test('what a first marker that broke off left behind, the next attempt removes', async () => {
    const ref = newRef('versioned', newKey('first'));
    await askMarker({ ...ref, versionId: placeholderOf(ref.versionId) });

    await fixture.store.putMarker(ref, modified);

    expect(await listed(fixture.store, ref.bucket, ref.key)).toMatchObject([{ versionId: ref.versionId }]);
    expect(await fixture.store.look(ref)).toMatchObject({ replica: true });
  });

  test('hazard: another ETag overwrites a version', async () => {
    const ref = newRef('versioned', newKey('overwritten'));
    await fixture.store.write(ref, contentOf(hello));

    expect(await fixture.store.write(ref, contentOf(bytes('other')))).toBe('written');

    expect(await fixture.user.get(ref.bucket, ref.key)).toEqual(bytes('other'));
  });

  test('a failed upload leaves no parts', async () => {
    const body = randomBytes(17 * MEBIBYTE);
    const ref = newRef('versioned', newKey('parts'));
    const facts = plainFacts(body, { size: body.length + 1, etag: '0123456789abcdef0123456789abcdef-2' });

    await expect(fixture.store.write(ref, contentFrom([body], facts))).rejects.toThrow('the content ended');

    expect(await uploads(ref.bucket)).not.toContain(ref.key);
  });

  test('header bytes that are no UTF-8 arrive as they were', async () => {
    const [bucket, key] = ['versioned', newKey('latin1')];
    const headers = {
      'x-amz-meta-latin1': 'Gr\xfc\xdfe',
      'x-amz-meta-mixed': 'a\xff \xc3\xb6',
      'content-disposition': 'attachment; filename="\xfc.txt"',
    };
    const put = await ask({ method: 'PUT', bucket, key, headers, body: hello });
    const source = { bucket, key, versionId: put.headers['x-amz-version-id'] ?? '' };
    const target = newRef(bucket, newKey('copy'));
    const content = await fixture.store.read(source);
    if (!content) throw new Error('the source is absent');

    await fixture.store.write(target, content);

    const shown = async (name: string): Promise<(string | undefined)[]> => {
      const { headers: told } = await ask({ method: 'HEAD', bucket, key: name });
      return Object.keys(headers).map((header) => told[header]);
    };
    expect(await shown(target.key)).toEqual(await shown(key));
    expect((await shown(key))[2]).toBe(headers['content-disposition']);
  });

  test.for([5, 17 * MEBIBYTE])('a form’s content type is content of %i bytes', async (size) => {
    const types = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'];
    for (const type of types) {
      const body = Buffer.alloc(size, 'a=b&');
      const ref = newRef('versioned', newKey('form'));
      await fixture.store.write(ref, contentOf(body, { headers: { 'content-type': type } }));

      const kept = await fixture.user.get(ref.bucket, ref.key);
      expect(Buffer.compare(kept ?? hello, body)).toBe(0);
      expect(await fixture.store.look(ref)).toMatchObject({
        facts: { headers: { 'content-type': type } },
      });
    }
  });

  test('tags that are longer than headers may be arrive all the same', async () => {
    const tags = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`${n}${'@'.repeat(127)}`, ':'.repeat(256)]),
    );
    for (const size of [5, 17 * MEBIBYTE]) {
      const ref = newRef('versioned', newKey('tags'));
      expect(await fixture.store.write(ref, contentOf(randomBytes(size), { tags }))).toBe('written');
      expect(await fixture.store.look(ref)).toMatchObject({ facts: { tags }, replica: true });
    }
  });

  test('metadata as long as MinIO takes arrives beside long tags', async () => {
    const metadata = { note: 'x'.repeat(2_000) };
    const tags = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`${n}${'k'.repeat(127)}`, 'v'.repeat(256)]),
    );
    const source = await fixture.user.put('versioned', newKey('long'), hello, { metadata, tags });
    const content = await fixture.store.read(source);
    if (!content) throw new Error('the source is absent');
    const target = newRef('versioned', newKey('copy'));

    await fixture.store.write(target, content);

    expect(await fixture.store.look(target)).toMatchObject({ facts: { metadata, tags } });
  });

  test('1,000 requests at once share the connections', async () => {
    const ref = newRef('versioned', newKey('crowd'));
    await fixture.store.write(ref, contentOf(hello));

    const looks = await Promise.all(Array.from({ length: 1_000 }, () => fixture.store.look(ref)));

    expect(looks.filter(({ state }) => state === 'object')).toHaveLength(1_000);
  });

  test('an unversioned bucket’s objects are null versions', async () => {
    const source = await fixture.user.put('unversioned', randomUUID(), hello);

    expect(source.versionId).toBe('null');
    expect(await fixture.store.look(source)).toMatchObject({ state: 'object', replica: false });
  });
});
