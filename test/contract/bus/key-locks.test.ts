/** Exclusive rights across processes: one holder at a time, taken over only after the expiry, sure after a loss. */
import { type KV, Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { KeyLock } from '../../../functions/ports.ts';
import type { Bus } from '../../../infra/bus/connection.ts';
import { createKeyLocks, type LockBucket } from '../../../infra/bus/key-locks.ts';
import { createLockBucket } from '../../../infra/bus/lock-bucket.ts';
import { bucketNames, ensureStreams } from '../../../infra/bus/streams.ts';
import { all, type BusWorld, movableClock, setupMs, startBusWorld } from './bus-world.ts';

const requestMs = 500;
const lifetimeMs = 4 * requestMs;
const stream = `KV_${bucketNames.locks}`;
let world: BusWorld;
let bus: Bus;
let kv: KV;

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
}, setupMs);
beforeEach(async () => {
  await bus.manager.streams.delete(stream).catch(() => false);
  await ensureStreams(bus, { links: [], sites: [] });
  kv = await new Kvm(bus.jetstream).open(bucketNames.locks);
});
afterAll(() => world?.stop());

/** As another process would have them: of its own connection, and by its own clock. */
async function locksOf(given: { madeAt?: () => Promise<number> } = {}) {
  const clock = movableClock();
  const other = await world.connect();
  const own = createLockBucket(other, await new Kvm(other.jetstream).open(bucketNames.locks));
  const locks: KeyLock = createKeyLocks(own, { clock, requestMs, madeAt: async () => 0, ...given });
  return { clock, locks };
}

test('one of two gets it, the other gets it after the release', async () => {
  const [{ locks: one }, { locks: two }] = [await locksOf(), await locksOf()];
  const held = await one.acquire('west', 'photos', 'k');
  expect(held).toBeDefined();
  expect(await two.acquire('west', 'photos', 'k')).toBeUndefined();
  expect(await one.acquire('west', 'photos', 'k')).toBeUndefined();
  await held?.release();
  await held?.release();
  const next = await two.acquire('west', 'photos', 'k');
  expect(next).toBeDefined();
  await next?.release();
});

test('other keys, buckets and sites are apart, whatever characters they hold', async () => {
  const { locks } = await locksOf();
  const places = [
    ['west', 'photos', 'k'],
    ['west', 'photos', 'k.*>/ \u0000ü'],
    ['west', 'photo', 'sk'],
    ['east', 'photos', 'k'],
  ] as const;
  const held = await Promise.all(places.map(([site, bucket, key]) => locks.acquire(site, bucket, key)));
  expect(held.every((lock) => lock !== undefined)).toBe(true);
  await Promise.all(held.map((lock) => lock?.release()));
});

test('of many that ask at once, exactly one gets it, time and again', async () => {
  const contenders = await Promise.all(Array.from({ length: 4 }, () => locksOf()));
  for (let turn = 0; turn < 20; turn++) {
    const held = await Promise.all(contenders.map(({ locks }) => locks.acquire('west', 'photos', 'k')));
    const winners = held.filter((lock) => lock !== undefined);
    expect(winners).toHaveLength(1);
    await winners[0]?.release();
  }
  expect((await bus.manager.streams.info(stream)).state.messages).toBe(0);
});

test('a right that its holder left is taken over after its expiry and not before, by one', async () => {
  const { locks: dead } = await locksOf();
  expect(await dead.acquire('west', 'photos', 'k')).toBeDefined();
  const heirs = await Promise.all(Array.from({ length: 4 }, () => locksOf()));
  const ask = () => Promise.all(heirs.map(({ locks }) => locks.acquire('west', 'photos', 'k')));
  for (const { clock } of heirs) clock.forward(lifetimeMs - 200);
  expect((await ask()).filter((lock) => lock !== undefined)).toHaveLength(0);
  for (const { clock } of heirs) clock.forward(400);
  expect((await ask()).filter((lock) => lock !== undefined)).toHaveLength(1);
});

test('the holder is told to give up long before the expiry, and a late release leaves the heir’s right alone', async () => {
  const { locks: slow } = await locksOf();
  const before = performance.now();
  const held = await slow.acquire('west', 'photos', 'k');
  if (!held) throw new Error('nobody else holds it');
  expect(held.signal.aborted).toBe(false);
  await expect.poll(() => held.signal.aborted, { timeout: lifetimeMs, interval: 20 }).toBe(true);
  expect(performance.now() - before).toBeLessThan(lifetimeMs - requestMs);
  const { locks: heir, clock } = await locksOf();
  clock.forward(lifetimeMs);
  expect(await heir.acquire('west', 'photos', 'k')).toBeDefined();
  await held.release();
  const { locks: third } = await locksOf();
  expect(await third.acquire('west', 'photos', 'k')).toBeUndefined();
});

test('a right counts from before NATS was asked for it: what NATS took of its time is not the holder’s', async () => {
  const clock = movableClock();
  const slowNats: LockBucket = {
    ...createLockBucket(bus, kv),
    create: async (name, right) => {
      const revision = await kv.create(name, right);
      clock.forward(lifetimeMs / 2);
      return revision;
    },
  };
  const locks = createKeyLocks(slowNats, { clock, requestMs, madeAt: async () => 0 });
  const held = await locks.acquire('west', 'photos', 'k');
  await expect.poll(() => held?.signal.aborted, { timeout: requestMs / 2, interval: 5 }).toBe(true);
  await held?.release();
});

test('after the bucket was made anew, whoever asks waits until requests under an unknown right have ended', async () => {
  const madeAt = async (): Promise<number> => Date.parse((await kv.status()).streamInfo.created);
  const { locks, clock } = await locksOf({ madeAt });
  await expect.poll(async () => Date.now() - (await madeAt()), { timeout: 5000 }).toBeGreaterThan(requestMs);
  await (await locks.acquire('west', 'photos', 'k'))?.release();
  expect(clock.slept).toEqual([]);
  await bus.manager.streams.delete(stream);
  await ensureStreams(bus, { links: [], sites: [] });
  await (await locks.acquire('west', 'photos', 'k'))?.release();
  expect(clock.slept).toHaveLength(1);
  expect(clock.slept[0]).toBeGreaterThan(0);
  expect(clock.slept[0]).toBeLessThanOrEqual(requestMs);
});

test('while NATS is away nobody gets a right, in bounded time', async () => {
  const { locks } = await locksOf();
  await world.server.kill();
  try {
    const before = performance.now();
    await expect(locks.acquire('west', 'photos', 'k')).rejects.toThrow();
    expect(performance.now() - before).toBeLessThan(30_000);
  } finally {
    await world.server.start();
  }
});

test('what cannot be read is somebody’s right', async () => {
  const { locks } = await locksOf();
  const held = await locks.acquire('west', 'photos', 'k');
  const names = await all(await kv.keys());
  expect(names).toHaveLength(1);
  await kv.put(names[0] ?? '', '{}');
  await held?.release();
  expect(await locks.acquire('west', 'photos', 'k')).toBeUndefined();
});
