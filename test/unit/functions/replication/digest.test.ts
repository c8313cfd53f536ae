/** What content is, however it comes. */
import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { digestOf, watched } from '../../../../functions/replication/digest.ts';
import { bodyOf, contentFrom, md5, plainFacts } from '../../../contract/store/fixture.ts';

const body = randomBytes(1000);
const sha256 = createHash('sha256').update(body).digest('hex');
const chunks = [body.subarray(0, 99), body.subarray(99, 100), body.subarray(100, 730), body.subarray(730)];

test('the digest of content in chunks of any size is that of its pieces', async () => {
  const found = await digestOf(contentFrom(chunks, plainFacts(body)), 300);

  expect(found).toEqual({
    size: 1000,
    sha256,
    pieces: [0, 300, 600, 900].map((at) => md5(body.subarray(at, at + 300))),
  });
  expect(await digestOf(contentFrom(chunks, plainFacts(body)), undefined)).toEqual({
    size: 1000,
    sha256,
    pieces: [],
  });
  expect(await digestOf(contentFrom(chunks, plainFacts(body, { size: 999 })), 300)).toBeUndefined();
});

test('what passes is known once all of it has passed, and not before', async () => {
  const { content, id } = watched(contentFrom(chunks, plainFacts(body)));
  const passing = content.chunks[Symbol.asyncIterator]();
  for (const _ of chunks) await passing.next();

  expect(id()).toBeUndefined();
  expect((await passing.next()).done).toBe(true);
  expect(id()).toEqual({ size: 1000, sha256 });
});

test('of what was cut short, or is longer than it says, nothing is known', async () => {
  for (const size of [999, 1001]) {
    const { content, id } = watched(contentFrom(chunks, plainFacts(body, { size })));
    await bodyOf(content);

    expect(id()).toBeUndefined();
  }
});
