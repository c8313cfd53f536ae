/** What is remembered of contents, and when it pays to look at one. */
import { expect, test } from 'vitest';
import { type ContentRecords, createContentIndex } from '../../../../infra/bus/content-index.ts';

const site = 'tokyo';
const content = { size: 1000, sha256: 'a'.repeat(64) };
const etag = '0123456789abcdef0123456789abcdef';
const told = { etag, size: 1000 };
const placed = { bucket: 'photos', key: 'a', versionId: 'v', etag };

function prepare(changes: Partial<ContentRecords> = {}) {
  const kept = new Map<string, string>();
  const records: ContentRecords = {
    get: async (name) => kept.get(name),
    put: async (name, value) => void kept.set(name, value),
    ...changes,
  };
  return { index: createContentIndex(records), kept };
}

test('content is found by what it is, at the site where it was placed', async () => {
  const { index } = prepare();
  await index.remember(site, content, placed, told);

  expect(await index.find(site, content)).toEqual(placed);
  expect(await index.find('paris', content)).toBeUndefined();
  expect(await index.find(site, { ...content, sha256: 'b'.repeat(64) })).toBeUndefined();
  expect(await index.find(site, { ...content, size: 999 })).toBeUndefined();
});

test('what was forgotten is not found, and may be remembered again', async () => {
  const { index } = prepare();
  await index.remember(site, content, placed, told);

  await index.forget(site, content);
  expect(await index.find(site, content)).toBeUndefined();
  await index.remember(site, content, { ...placed, key: 'b' }, told);
  expect(await index.find(site, content)).toEqual({ ...placed, key: 'b' });
});

test.for([
  ['the same ETag and size', told, true],
  ['the size, uploaded in parts', { etag: `${etag}-2`, size: 1000 }, true],
  ['another ETag of the same form', { etag: 'f'.repeat(32), size: 1000 }, false],
  ['another size', { etag, size: 1001 }, false],
] as const)('%s: whether the site may have it', async ([, other, expected]) => {
  const { index } = prepare();
  await index.remember(site, content, placed, told);

  expect(await index.mayHave(site, other)).toBe(expected);
  expect(await index.mayHave('paris', other)).toBe(false);
});

test('whoever brings the same waits until the first is done, whatever became of it', async () => {
  const { index } = prepare();
  const first = index.turn(site, told);
  const second = index.turn(site, told);
  expect([first.kind, second.kind]).toEqual(['first', 'after']);
  expect(index.turn('paris', told).kind).toBe('first');
  expect(index.turn(site, { ...told, size: 1 }).kind).toBe('first');

  if (first.kind === 'first') first.release();

  if (second.kind === 'after') await second.done;
  expect(index.turn(site, told).kind).toBe('first');
});

test('records that cannot be read, or written, are as good as none', async () => {
  const away = async (): Promise<never> => {
    throw new Error('NATS is away');
  };
  const { index } = prepare({ get: away, put: away });

  await index.remember(site, content, placed, told);
  expect(await index.mayHave(site, told)).toBe(false);
  expect(await index.find(site, content)).toBeUndefined();
  await index.forget(site, content);
});

test.for(['', '{', '[]', '{"bucket":1}', JSON.stringify({ ...placed, etag: '' })])(
  'a record of something else (%j) is as good as none',
  async (text) => {
    const { index, kept } = prepare();
    await index.remember(site, content, placed, told);
    for (const name of kept.keys()) kept.set(name, text);

    expect(await index.find(site, content)).toBeUndefined();
    expect(await index.mayHave(site, told)).toBe(false);
  },
);

test('each way to upload a content is remembered, up to a bound', async () => {
  const { index, kept } = prepare();
  for (let parts = 1; parts <= 30; parts += 1) {
    await index.remember(site, content, placed, { etag: `${etag}-${parts}`, size: 1000 });
  }

  expect(JSON.parse(kept.get(`${site}.size.1000`) ?? '')).toHaveLength(16);
});
