/** Copies at a real MinIO server: what its own do, and what the store makes of them. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import { digestOf } from '../../functions/replication/digest.ts';
import { byteBudget } from '../../infra/stores/byte-budget.ts';
import { copying } from '../../infra/stores/minio-copy.ts';
import { wire as openWire } from '../../infra/stores/wire.ts';
import { bodyOf, bytes, contentOf, MEBIBYTE, md5, newKey, newRef, plainFacts } from './store/fixture.ts';
import { deadlines, type MinioFixture, minioFixture } from './store/minio-fixture.ts';

const hello = bytes('hello');
const REPLICA = { 'x-amz-replication-status': 'REPLICA', 'x-minio-source-replication-request': 'true' };
let fixture: MinioFixture;

beforeAll(async () => {
  fixture = await minioFixture();
});
afterAll(() => fixture?.close());

test('hazard: a copy forgets the ETag of an upload in parts', async () => {
  const [from, to] = [newRef('versioned', newKey('from')), newRef('versioned', newKey('to'))];
  await fixture.store.write(from, contentOf(hello));

  const source = `/${from.bucket}/${from.key}?versionId=${from.versionId}`;
  const told = { 'x-minio-source-etag': '0123456789abcdef0123456789abcdef-2' };
  const headers = { ...REPLICA, ...told, 'x-amz-copy-source': source };
  const { bucket, key, versionId } = to;
  await fixture.root.send({ method: 'PUT', bucket, key, query: { versionId }, headers, deadlineMs: 10_000 });

  expect(await fixture.store.look(to)).toMatchObject({ facts: { etag: md5(hello) } });
});

describe('copies that cross', () => {
  const body = randomBytes(3 * MEBIBYTE);
  const prepare = async () => {
    const [one, other] = [newRef('versioned', newKey('one')), newRef('versioned', newKey('other'))];
    for (const ref of [one, other]) await fixture.store.write(ref, contentOf(body));
    return { one, other };
  };

  test('hazard: wait for each other until they are given up', { timeout: 60_000 }, async () => {
    const { one, other } = await prepare();
    const copy = (from: VersionRef, { bucket, key }: VersionRef) => {
      const headers = {
        ...REPLICA,
        'x-amz-copy-source': `/${from.bucket}/${from.key}?versionId=${from.versionId}`,
      };
      const query = { versionId: randomUUID() };
      return fixture.root.send({ method: 'PUT', bucket, key, query, headers, deadlineMs: 2_000 });
    };
    const crossing = () => [copy(one, other), copy(other, one), copy(one, other), copy(other, one)];

    let givenUp = 0;
    for (let round = 0; givenUp === 0 && round < 20; round++) {
      const ended = await Promise.allSettled(crossing());
      givenUp = ended.filter(({ status }) => status === 'rejected').length;
    }

    expect(givenUp).toBeGreaterThan(0);
    expect((await copy(one, other)).status).toBe(200);
  });

  test('are not made at once by the store', async () => {
    const { one, other } = await prepare();
    const { copying: own } = fixture.store;
    const digest = await digestOf(contentOf(body), undefined);
    if (!own || !digest) throw new Error('the store copies nothing');
    const copy = (from: VersionRef, { key }: VersionRef) =>
      own.copy(newRef('versioned', key), plainFacts(body), { ...from, etag: md5(body) }, digest);

    const answers = await Promise.all([copy(one, other), copy(other, one), copy(one, other)]);

    expect(answers).toEqual(['written', undefined, 'written']);
    expect(await copy(other, one)).toBe('written');
  });
});

test('what is copied in several pieces is what it was', async () => {
  const body = randomBytes(12 * MEBIBYTE);
  const etag = '0123456789abcdef0123456789abcdef-4';
  const wire = openWire({ ...fixture.server, site: 'paris', credentials: fixture.credentials });
  const means = { wire, budget: byteBudget(MEBIBYTE), deadlines, encrypting: new Set<string>() };
  const inPieces = copying(means, { smallest: 1, largestPiece: 5 * MEBIBYTE });
  const from = { ...newRef('versioned', newKey('from')), etag: md5(body) };
  await fixture.store.write(from, contentOf(body));
  const facts = plainFacts(body, { etag });
  const digest = await digestOf(contentOf(body), inPieces.pieceBytes(facts));
  if (!digest) throw new Error('the content is not as long as it says');
  const ref = newRef('versioned', newKey('to'));

  const wrong = { ...digest, pieces: digest.pieces.with(1, md5(hello)) };
  expect(await inPieces.copy(ref, facts, from, wrong)).toBeUndefined();
  expect(await fixture.store.look(ref)).toMatchObject({ state: 'absent' });
  expect(await inPieces.copy(ref, facts, from, digest)).toBe('written');

  expect(digest.pieces).toHaveLength(3);
  expect(await fixture.store.look(ref)).toMatchObject({ facts: { etag, size: body.length } });
  expect(Buffer.compare(await bodyOf(await fixture.store.read(ref)), body)).toBe(0);
  const open = { method: 'GET', bucket: ref.bucket, query: { uploads: '' }, deadlineMs: 10_000 } as const;
  expect((await fixture.root.send(open)).body.toString()).not.toContain(ref.key);
  await wire.close();
});
