/** What becomes of each entry of a stack at the site beside the receiver. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { SiteUnavailableError } from '../../../functions/errors.ts';
import type { StackEntry } from '../../../functions/ports.ts';
import { receiveStack } from '../../../functions/receive-stack.ts';
import { memoryStore } from '../../../infra/stores/memory.ts';
import { bytes, plainFacts } from '../../contract/store/fixture.ts';
import { buckets, newSite } from '../../contract/store/memory-fixture.ts';

const entryOf = (key: string, text = 'hello', bucket = buckets.versioned): StackEntry => {
  const body = bytes(text);
  return { ref: { bucket, key, versionId: randomUUID() }, facts: plainFacts(body), body };
};

test('what it wrote is told as the site shows it', async () => {
  const store = memoryStore(newSite());
  const entry = entryOf('a');

  const { entries } = await receiveStack.handle([entry], store);

  const { key, versionId } = entry.ref;
  expect(entries).toEqual([
    { key, versionId, state: 'written', etag: entry.facts.etag, size: 5, modified: '2026-01-02T03:04:05Z' },
  ]);
});

test('other content under the same version ID is left as it is', async () => {
  const store = memoryStore(newSite());
  const first = entryOf('a', 'first');
  await receiveStack.handle([first], store);

  const { entries } = await receiveStack.handle([{ ...entryOf('a', 'other'), ref: first.ref }], store);

  expect(entries).toMatchObject([
    { state: 'failed', again: false, reason: expect.stringContaining('something else') },
  ]);
  expect(await store.look(first.ref)).toMatchObject({ facts: { etag: first.facts.etag } });
});

test('a delete marker under the same version ID is left as it is', async () => {
  const store = memoryStore(newSite());
  const entry = entryOf('a');
  await store.putMarker(entry.ref, entry.facts.modified);

  const { entries } = await receiveStack.handle([entry], store);

  expect(entries).toMatchObject([{ state: 'failed', again: false }]);
  expect(await store.look(entry.ref)).toMatchObject({ state: 'marker' });
});

test('content that is not what its ETag says is not written, and may be sent again', async () => {
  const store = memoryStore(newSite());
  const entry = { ...entryOf('a'), body: bytes('jello') };

  const { entries } = await receiveStack.handle([entry, entryOf('b')], store);

  expect(entries).toMatchObject([
    { state: 'failed', again: true },
    { key: 'b', state: 'written' },
  ]);
  expect(await store.look(entry.ref)).toMatchObject({ state: 'absent' });
});

test('versions of one key are written one after the other, in their order', async () => {
  const begun: string[] = [];
  let underWay = 0;
  const store = memoryStore(newSite(), {
    async deliver(request, effect) {
      if (request.name !== 'put') return effect();
      underWay += 1;
      expect(underWay).toBe(1);
      begun.push(request.ref?.versionId ?? '');
      await Promise.resolve();
      underWay -= 1;
      return effect();
    },
  });
  const entries = Array.from({ length: 20 }, (_, n) => entryOf('hot', `${n}`));

  await receiveStack.handle(entries, store);

  expect(begun).toEqual(entries.map(({ ref }) => ref.versionId));
});

test('while the site does not answer there is no answer', async () => {
  const store = memoryStore(newSite(), {
    deliver: () => Promise.reject(new SiteUnavailableError('paris', 'away')),
  });

  await expect(receiveStack.handle([entryOf('a')], store)).rejects.toThrow(SiteUnavailableError);
});
