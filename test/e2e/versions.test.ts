/**
 * Whatever an application writes at one site of a two-way rule, the other site shows: asked with the AWS SDK, field by
 * field. The walk comes once an hour here, so that all this is the events' doing.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toHeader } from '../../infra/stores/text-encoding.ts';
import { type Wire, wire } from '../../infra/stores/wire.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { agreed } from './awaiting.ts';
import { links } from './rules.ts';
import { type Running, startWorld, type World } from './world.ts';

const MEBIBYTE = 1024 * 1024;
const hour = { scan: { every: '1h' } };
const rules = links(
  { sites: ['east', 'west'], bucket: 'photos', spec: hour },
  { name: 'records', sites: ['east', 'west'], bucket: 'records', spec: hour },
);
let world: World;
let running: Running;
let east: Application;
let west: Application;
let root: Wire;

beforeAll(async () => {
  const buckets = [{ name: 'photos' }, { name: 'records', objectLock: true }];
  world = await startWorld(['east', 'west'], buckets);
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
  const { server } = siteOf(world, 'east');
  root = wire({
    site: 'east',
    endpoint: server.endpoint,
    region: server.region,
    credentials: { accessKeyId: server.rootUser, secretAccessKey: server.rootPassword },
  });
});
afterAll(async () => {
  await root?.close();
  await running?.stop();
  await world?.stop();
});

const agreedIn = (prefix: string, bucket = 'photos') => agreed([east, west], { bucket, prefix });
/** Bytes that no part of them repeats, so that parts in the wrong order show. */
const bytes = (size: number, seed: number): Buffer => {
  const body = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4096) body.writeUInt32BE((seed * 1_000_003 + at) >>> 0, at);
  return body;
};
const md5 = (body: Uint8Array): string => createHash('md5').update(body).digest('hex');

describe('an object', () => {
  test('arrives with everything that was said of it', async () => {
    const ref = await east.put('photos', 'rich/letter.txt', 'dear reader', {
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'max-age=60,  private',
      ContentDisposition: `attachment; filename="a 'b'.txt"`,
      ContentEncoding: 'gzip',
      ContentLanguage: 'de, en',
      Expires: new Date('2033-12-01T16:00:00Z'),
      Metadata: {
        colour: 'red',
        'with-dash_and.dot': `"a" <b> & 'c'; d,e=f`,
        spaced: 'a  b',
        long: 'x'.repeat(1500),
      },
      Tagging: 'project=a&odd+key=v+%2B%3D%2F%40&empty=',
    });

    const [line] = await agreedIn('rich/');

    expect(line).toMatchObject({ versionId: ref.versionId, latest: true, size: 11 });
    expect(line?.content).toMatchObject({
      CacheControl: 'max-age=60,  private',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de, en',
      ExpiresString: 'Thu, 01 Dec 2033 16:00:00 GMT',
      Metadata: { colour: 'red', spaced: 'a  b' },
      tags: { project: 'a', 'odd key': 'v +=/@', empty: '' },
    });
  });

  test('arrives with metadata that is not ASCII', async () => {
    const text = {
      umlaut: 'Grüße aus Köln',
      asian: '日本語 テキスト',
      emoji: '🦆',
      'looks-encoded': '=?UTF-8?q?abc?=',
    };
    const headers = Object.fromEntries(
      Object.entries(text).map(([name, value]) => [`x-amz-meta-${name}`, toHeader(value)]),
    );
    const put = { method: 'PUT', bucket: 'photos', key: 'meta/foreign', deadlineMs: 5_000 } as const;
    const answer = await root.send({ ...put, headers, body: Buffer.from('x') });
    const versionId = answer.headers['x-amz-version-id'] ?? '';

    await agreedIn('meta/');

    const look = await world.store('west').look({ bucket: 'photos', key: 'meta/foreign', versionId });
    expect(look).toMatchObject({ state: 'object', facts: { metadata: text } });
  });

  test('may be empty', async () => {
    await east.put('photos', 'empty/nothing', '', { Metadata: { about: 'nothing' } });
    await east.put('photos', 'empty/untyped', new Uint8Array());

    const lines = await agreedIn('empty/');

    expect(lines.map(({ size }) => size)).toEqual([0, 0]);
  });

  test('may be a copy, of itself too', async () => {
    const original = await east.put('photos', 'copy/original', 'original', {
      Metadata: { colour: 'red' },
      Tagging: 'project=a',
    });
    await east.copy(original, 'copy/copied');
    const REPLACE = { MetadataDirective: 'REPLACE', Metadata: { colour: 'blue' } } as const;
    await east.copy(original, 'copy/original', REPLACE);

    const lines = await agreedIn('copy/');

    expect(lines).toHaveLength(3);
    expect(lines.map(({ content }) => content?.Metadata)).toEqual([
      { colour: 'red' },
      { colour: 'blue' },
      { colour: 'red' },
    ]);
  });
});

describe('versions of one key', () => {
  test('are in the order in which they were written', async () => {
    const refs = [];
    for (let turn = 0; turn < 40; turn++) refs.push(await east.put('photos', 'hot/key', `turn ${turn}`));

    const lines = await agreedIn('hot/');

    expect(lines.map(({ versionId }) => versionId)).toEqual(refs.map(({ versionId }) => versionId).reverse());
    expect(lines.map(({ latest }) => latest)).toEqual(refs.map((_, index) => index === 0));
  });

  test('agree on the latest when many write at once, at both sites', async () => {
    const writes = Array.from({ length: 30 }, (_, turn) =>
      (turn % 2 === 0 ? east : west).put('photos', 'contested/key', `turn ${turn}`),
    );
    await Promise.all(writes);

    const lines = await agreedIn('contested/');

    expect(lines).toHaveLength(30);
    expect(lines.filter(({ latest }) => latest)).toHaveLength(1);
  });
});

describe('a large object', () => {
  test.each([
    ['of small parts', [5 * MEBIBYTE, 5 * MEBIBYTE, 7]],
    ['above our part size, in parts cut otherwise', [9 * MEBIBYTE, 11 * MEBIBYTE + 13]],
    ['above 64 MiB', [24 * MEBIBYTE, 24 * MEBIBYTE, 24 * MEBIBYTE, 1]],
  ])('%s arrives whole, with the ETag of its parts', async (name, sizes) => {
    const prefix = `parts/${name}/`;
    const bodies = sizes.map((size, index) => bytes(size, index));
    await east.putInParts('photos', `${prefix}film`, bodies, {
      ContentType: 'video/mp4',
      ContentEncoding: 'gzip',
      Metadata: { colour: 'red' },
      Tagging: 'project=a',
    });

    const [line] = await agreedIn(prefix);

    expect(line?.etag).toMatch(new RegExp(`^"[0-9a-f]{32}-${sizes.length}"$`));
    expect(line?.content).toMatchObject({ md5: md5(Buffer.concat(bodies)), tags: { project: 'a' } });
  });

  test('put in one piece keeps the ETag that is its MD5', async () => {
    const body = bytes(20 * MEBIBYTE + 5, 9);
    await east.put('photos', 'piece/disk', body, { ContentEncoding: 'gzip', Metadata: { colour: 'red' } });

    const [line] = await agreedIn('piece/');

    expect(line?.etag).toBe(`"${md5(body)}"`);
    expect(line?.content).toMatchObject({ md5: md5(body), ContentEncoding: 'gzip' });
  });
});

describe('retention and legal hold', () => {
  const until = new Date('2099-01-01T00:00:00.123Z');
  const later = new Date('2100-01-01T00:00:00Z');

  test('come with the version', async () => {
    const locked = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until } as const;
    await east.put('records', 'locked/both', 'x', { ...locked, ObjectLockLegalHoldStatus: 'ON' });
    await east.putInParts('records', 'locked/parts', [bytes(17 * MEBIBYTE, 1)], locked);

    const lines = await agreedIn('locked/', 'records');

    expect(lines.map(({ content }) => content?.ObjectLockMode)).toEqual(['COMPLIANCE', 'COMPLIANCE']);
    expect(lines[0]?.content).toMatchObject({
      ObjectLockLegalHoldStatus: 'ON',
      ObjectLockRetainUntilDate: until,
    });
  });

  test('follow when they are set, extended and lifted later, at either site', async () => {
    const ref = await east.put('records', 'changed/one', 'x');
    await agreedIn('changed/', 'records');
    await east.retain(ref, 'GOVERNANCE', until);
    await east.hold(ref, 'ON');
    await agreedIn('changed/', 'records');
    await west.retain(ref, 'GOVERNANCE', later);
    await west.hold(ref, 'OFF');

    const [line] = await agreedIn('changed/', 'records');

    expect(line?.content).toMatchObject({
      ObjectLockRetainUntilDate: later,
      ObjectLockLegalHoldStatus: 'OFF',
    });
  });
});

test('nothing of all this was parked, or had to be tried in vain', async () => {
  const totals = rules.map(({ id }) => running.telemetry.totals(id));

  expect(totals.map(({ parked }) => parked)).toEqual(rules.map(() => 0));
});
