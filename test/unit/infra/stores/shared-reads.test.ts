/** A version that goes to several targets is read once; what cannot be shared is read by each. */
import { beforeEach, expect, test } from 'vitest';
import { RetryableError } from '../../../../functions/errors.ts';
import type { Content, ObjectStore } from '../../../../functions/ports.ts';
import { sharedReads } from '../../../../infra/stores/shared-reads.ts';
import { put } from '../../../contract/hosts/case.ts';
import { createHostWorld, type HostWorld } from '../../../contract/hosts/world.ts';

let world: HostWorld;
let store: ObjectStore;
let reads: number;

beforeEach(() => {
  world = createHostWorld();
  reads = 0;
  const counted: ObjectStore = {
    ...world.stores.east,
    read(ref) {
      reads += 1;
      return world.stores.east.read(ref);
    },
  };
  store = sharedReads(counted, world.clock);
});

async function textOf(content: Content | undefined): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of content?.chunks ?? []) pieces.push(chunk);
  return Buffer.concat(pieces).toString();
}

test('links that ask at once, or one soon after the other, share one read', async () => {
  const ref = put(world, 'east', 'in/a', 'a cat');
  const [one, other] = await Promise.all([store.read(ref), store.read(ref)]);
  const third = await store.read(ref);

  expect([await textOf(one), await textOf(other), await textOf(third)]).toEqual(['a cat', 'a cat', 'a cat']);
  expect(one?.facts).toEqual((await world.stores.east.read(ref))?.facts);
  expect(reads).toBe(1);
});

test('one that comes seconds later reads for itself: tags may have changed', async () => {
  const ref = put(world, 'east', 'in/a');
  await store.read(ref);
  await world.clock.advance(20_001);
  await store.read(ref);

  expect(reads).toBe(2);
});

test('a large version is read by each, as a stream', async () => {
  const ref = put(world, 'east', 'in/a', 'x'.repeat(1024 * 1024 + 1));
  const [one, other] = await Promise.all([store.read(ref), store.read(ref)]);

  expect([(await textOf(one)).length, (await textOf(other)).length]).toEqual([1_048_577, 1_048_577]);
  expect(reads).toBe(2);
});

test('a version that is gone is gone for each, and one that fails is read again', async () => {
  const ref = put(world, 'east', 'in/a');
  world.failNext('east', 'get', new RetryableError('a connection broke'));
  const [first, second] = await Promise.allSettled([store.read(ref), store.read(ref)]);
  world.clients.east.deleteVersion(ref);

  expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
  await world.clock.advance(20_001);
  expect(await store.read(ref)).toBeUndefined();
});

test('what is kept is bounded', async () => {
  const body = 'x'.repeat(1024 * 1024);
  const refs = Array.from({ length: 40 }, (_, n) => put(world, 'east', `in/${n}`, body));
  for (const ref of refs) await store.read(ref);
  const [oldest] = refs;
  const newest = refs.at(-1);
  if (oldest) await store.read(oldest);
  if (newest) await store.read(newest);

  expect(reads).toBe(41);
});
