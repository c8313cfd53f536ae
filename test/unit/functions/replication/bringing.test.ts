/** What crosses the link, and what the target copies of its own. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Copying } from '../../../../functions/content.ts';
import { RetryableError, SiteUnavailableError } from '../../../../functions/errors.ts';
import type { BatchContext, Content, ObjectStore } from '../../../../functions/ports.ts';
import { replicateOne } from '../../../../functions/replication/one-version.ts';
import type { MemoryRequest } from '../../../../infra/stores/memory.ts';
import type { PutOptions } from '../../../../infra/stores/memory-client.ts';
import { bucket, createHostWorld } from '../../../contract/hosts/world.ts';

const large = (): Buffer => randomBytes(300 * 1024);

function prepare({ twoWay = false } = {}) {
  const world = createHostWorld();
  const { east, west } = world.stores;
  const calls: string[] = [];
  const copied: number[] = [];
  let reads = 0;
  const bound = world.contextOf({ ...world.link, twoWay });
  const source: ObjectStore = {
    ...east,
    async read(ref) {
      reads += 1;
      return east.read(ref);
    },
  };
  const copying = west.copying ?? fail();
  const target: ObjectStore & { copying: Copying } = {
    ...west,
    async write(ref, content) {
      calls.push('sent');
      return west.write(ref, content);
    },
    copying: {
      ...copying,
      async copy(...args) {
        const answer = await copying.copy(...args);
        calls.push(answer === undefined ? 'not copied' : `copied: ${answer}`);
        return answer;
      },
    },
  };
  const meter = { ...bound.meter, copied: (_link: string, bytes: number) => void copied.push(bytes) };
  const context: BatchContext = { ...bound, source, target, meter };
  const put = (key: string, content: Buffer, options: PutOptions = {}) => {
    const { versionId } = world.clients.east.put(bucket, `in/${key}`, content, options);
    return { key: `in/${key}`, versionId };
  };
  const send = (version: { key: string; versionId: string }, changes: Partial<BatchContext> = {}) =>
    replicateOne({ ...context, ...changes }, { ...version, isFresh: true });
  const atTarget = (key: string) => world.sites.west.bucket(bucket).versions.of(`in/${key}`);
  const holds = (key: string, content: Uint8Array): boolean =>
    Buffer.compare(atTarget(key)[0]?.content ?? Buffer.alloc(0), content) === 0;
  return { ...{ world, context, target, put, send, calls, copied }, at: atTarget, holds, reads: () => reads };
}

function fail(): never {
  throw new Error('the store in memory copies');
}

test('the same content crosses once, in one piece or in parts, and is read once more for each copy', async () => {
  const { put, send, calls, copied, at, holds, reads } = prepare();
  const content = large();
  const versions = [put('a', content), put('b', content), put('c', content, { parts: 2 }), put('a', content)];

  for (const version of versions) expect(await send(version)).toMatchObject({ note: 'sent' });

  expect(calls).toEqual(['sent', 'copied: written', 'copied: written', 'copied: written']);
  expect(copied).toEqual([content.length, content.length, content.length]);
  expect(reads()).toBe(4);
  for (const key of ['a', 'b', 'c']) expect(holds(key, content)).toBe(true);
  expect(at('c')[0]?.etag).toMatch(/-2$/);
});

test('contents that are each their own are read once, and sent', async () => {
  const { put, send, calls, reads } = prepare();

  for (const key of ['a', 'b', 'c']) await send(put(key, large()));

  expect(calls).toEqual(['sent', 'sent', 'sent']);
  expect(reads()).toBe(3);
});

test('small content is sent', async () => {
  const { put, send, calls } = prepare();
  const content = randomBytes(1000);

  for (const key of ['a', 'b']) await send(put(key, content));

  expect(calls).toEqual(['sent', 'sent']);
});

test('of several that are sent at once one crosses', async () => {
  const { put, send, calls } = prepare();
  const content = large();
  const versions = Array.from({ length: 8 }, (_, n) => put(`key${n}`, content));

  await Promise.all(versions.map((version) => send(version)));

  expect(calls.sort()).toEqual([...Array.from({ length: 7 }, () => 'copied: written'), 'sent']);
});

test('where the first fails the next one sends it', async () => {
  const { world, put, send, calls, at } = prepare();
  const content = large();
  const [first, second] = [put('a', content), put('b', content)];
  world.failNext('west', 'put', new RetryableError('broken'));

  const outcomes = await Promise.allSettled([send(first), send(second)]);

  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(calls).toEqual(['sent', 'sent']);
  expect(at('b')).toHaveLength(1);
});

test('a version that was purged meanwhile is no obstacle: the content is sent, and copied from there again', async () => {
  const { world, put, send, calls, holds } = prepare();
  const content = large();
  const first = put('a', content);
  await send(first);
  world.sites.west.bucket(bucket).versions.remove(first.key, first.versionId);

  await send(put('b', content));
  await send(put('c', content));

  expect(calls).toEqual(['sent', 'not copied', 'sent', 'copied: written']);
  expect(holds('c', content)).toBe(true);
});

test('content that was exchanged at the target, under its ID and ETag, is not taken for what it was', async () => {
  const { world, put, send, calls, holds } = prepare();
  const content = large();
  const first = put('a', content);
  await send(first);
  const { versions } = world.sites.west.bucket(bucket);
  const there = versions.find(first.key, first.versionId) ?? fail();
  versions.put(first.key, { ...there, content: large() });

  await send(put('b', content));

  expect(calls).toEqual(['sent', 'not copied', 'sent']);
  expect(holds('b', content)).toBe(true);
});

test('an ETag that lies brings no other content', async () => {
  const { world, put, send, calls, at, holds } = prepare();
  const [content, other] = [large(), large()];
  await send(put('a', content, { parts: 2 }));
  const forged = put('b', other, { parts: 2 });
  const { versions } = world.sites.east.bucket(bucket);
  const there = versions.find(forged.key, forged.versionId) ?? fail();
  versions.put(forged.key, { ...there, etag: at('a')[0]?.etag ?? '' });

  await send(forged);

  expect(calls).toEqual(['sent', 'sent']);
  expect(holds('b', other)).toBe(true);
});

test.for<[MemoryRequest['name'], Error, string]>([
  ['copy', new RetryableError('no answer'), 'sent'],
  ['copy', new SiteUnavailableError('west', 'connection refused'), 'waits'],
])('a %s that fails (%s)', async ([name, error, expected]) => {
  const { world, put, send, calls } = prepare();
  const content = large();
  await send(put('a', content));
  world.failNext('west', name, error);

  const sending = send(put('b', content));

  if (expected === 'sent') expect(await sending).toMatchObject({ note: 'sent' });
  else await expect(sending).rejects.toBe(error);
  expect(calls.filter((call) => call === 'sent')).toHaveLength(expected === 'sent' ? 2 : 1);
});

test('what is sent again finds itself there, and changes nothing', async () => {
  const { put, send, calls, copied } = prepare();
  const version = put('a', large());
  await send(version);

  expect(await send(version)).toMatchObject({ note: 'already there' });

  expect(calls).toEqual(['sent']);
  expect(copied).toEqual([]);
});

test('two-way, tags that were changed at the target meanwhile stay', async () => {
  const { world, put, send, calls, at } = prepare({ twoWay: true });
  const content = large();
  await send(put('a', content));
  const version = put('b', content);
  await send(version);
  world.clients.west.putTags({ bucket, ...version }, { changed: 'there' });

  expect(await send(version)).toMatchObject({ note: 'already there' });

  expect(calls).toEqual(['sent', 'copied: written']);
  expect(at('b')[0]?.tags).toEqual({ changed: 'there' });
});

test('content that breaks off while it is read to be known is neither copied nor sent', async () => {
  const { context, put, send, calls } = prepare();
  const content = large();
  await send(put('a', content));
  const broken = new Error('the source went away');
  const source: ObjectStore = {
    ...context.source,
    async read(ref) {
      const found = await context.source.read(ref);
      return found && { ...found, chunks: breaking(found) };
    },
  };

  await expect(send(put('b', content), { source })).rejects.toBe(broken);
  expect(calls).toEqual(['sent']);

  async function* breaking({ chunks }: Content): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) yield chunk.subarray(1);
    throw broken;
  }
});

test('a version that goes from the source while it waits is a purge that was seen', async () => {
  const { world, put, send } = prepare();
  const content = large();
  const [first, second] = [put('a', content), put('b', content)];

  const sending = Promise.all([send(first), send(second)]);
  world.sites.east.bucket(bucket).versions.remove(second.key, second.versionId);
  const [, outcome] = await sending;

  expect(outcome).toMatchObject({ note: 'gone from the source' });
});
