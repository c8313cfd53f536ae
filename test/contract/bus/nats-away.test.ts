/** NATS dies under a process that uses all of the bus: nothing rejects unheard, nothing hangs, and all of it goes on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Bus } from '../../../infra/bus/connection.ts';
import { readEvents } from '../../../infra/bus/event-history.ts';
import { createEventLog } from '../../../infra/bus/event-log.ts';
import { createFeed } from '../../../infra/bus/feed.ts';
import { createKeyLocks } from '../../../infra/bus/key-locks.ts';
import { createLedger } from '../../../infra/bus/ledger.ts';
import { countLedger, createLedgerBucket } from '../../../infra/bus/ledger-bucket.ts';
import { createLockBucket } from '../../../infra/bus/lock-bucket.ts';
import { readStatuses } from '../../../infra/bus/status-store.ts';
import { bucketNames, ensureStreams, scanConsumer, streamNames } from '../../../infra/bus/streams.ts';
import { createOrphanMemory, createWalkMemory } from '../../../infra/bus/walk-memory.ts';
import { environment } from '../../../infra/config/env.ts';
import { systemClock } from '../../../infra/host/system-clock.ts';
import { findBinary } from '../../../infra/sites/binaries.ts';
import { startNats } from '../../../infra/sites/nats-server.ts';
import { all, type BusWorld, createInbox, linkOf, putEvent, setupMs, startBusWorld } from './bus-world.ts';

const link = linkOf();
const wanted = { links: [link], sites: ['east'] };
const unheard: unknown[] = [];
const note = (reason: unknown): void => void unheard.push(reason);
let world: BusWorld;
let bus: Bus;

beforeAll(async () => {
  process.on('unhandledRejection', note);
  world = await startBusWorld();
  bus = await world.connect();
}, setupMs);
beforeEach(async () => {
  await world.server.start();
  await ensureStreams(bus, wanted);
});
afterEach(() => expect(unheard).toEqual([]));
afterAll(async () => {
  await world?.stop();
  process.off('unhandledRejection', note);
});

/** Each thing that a process does with the bus, again and again; what failed is counted. */
async function useAll(signal: AbortSignal): Promise<Record<string, { done: number; failed: number }>> {
  const open = async (name: keyof typeof bucketNames) => new Kvm(bus.jetstream).open(bucketNames[name]);
  const log = createEventLog(bus);
  const ledger = createLedger(createLedgerBucket(bus, await open('ledger')), log, systemClock);
  const locks = createKeyLocks(createLockBucket(bus, await open('locks')), {
    clock: systemClock,
    requestMs: 1000,
    madeAt: async () => 0,
  });
  const walks = createWalkMemory(bus, await open('walks'));
  const orphans = createOrphanMemory(await open('orphans'));
  const entry = { link: link.id, reason: 'no', attempts: 3, nextTry: 0, state: 'failed' } as const;
  const work = {
    ensure: () => ensureStreams(bus, wanted),
    publish: () => log.publish([{ event: putEvent() }, { event: putEvent() }]),
    read: () => all(readEvents(bus, {})),
    keep: () => ledger.put({ ...entry, event: putEvent() }),
    release: () => ledger.releaseDue(link.id),
    count: () => countLedger(bus, link.id),
    lock: async () => (await locks.acquire('west', 'photos', 'k'))?.release(),
    identify: () => walks.streamIdentity(link.id),
    remember: () => orphans.remember(link.id, { bucket: 'photos', key: 'k', versionId: 'v' }, 1),
    status: () => readStatuses(bus),
  };
  const counts: Record<string, { done: number; failed: number }> = {};
  const again = async (name: string, once: () => Promise<unknown>): Promise<void> => {
    const count = { done: 0, failed: 0 };
    counts[name] = count;
    while (!signal.aborted) {
      await once().then(
        () => (count.done += 1),
        () => (count.failed += 1),
      );
    }
  };
  await Promise.all(Object.entries(work).map(([name, once]) => again(name, once)));
  return counts;
}

test('killed, gone for a while, and back', async () => {
  const stopping = new AbortController();
  const inbox = createInbox();
  const feeds = await Promise.all([
    createFeed(bus, streamNames.events, link.id).open((message) => {
      inbox.take(message);
      void message.ack();
    }),
    createFeed(bus, streamNames.events, scanConsumer(link.id)).open(() => undefined),
  ]);
  const using = useAll(stopping.signal);
  await inbox.next();
  for (const goneMs of [0, 6_000]) {
    await world.server.kill();
    // As long as the absence is to last: less and more than requests wait for it to end.
    await systemClock.sleep(goneMs);
    await world.server.start();
    inbox.waiting.length = 0;
    await inbox.next();
  }
  await world.loseStore();
  inbox.waiting.length = 0;
  await inbox.next();
  stopping.abort();
  const counts = await using;
  await Promise.all(feeds.map((feed) => feed.close()));
  for (const [name, { done, failed }] of Object.entries(counts)) {
    expect([name, done > 0, failed > 0]).toEqual([name, true, true]);
  }
});

test('a server that refuses everybody for a moment is connected to again when it no longer does', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-stranger-'));
  const binary = await findBinary('nats-server', environment, console.error);
  let refused = 0;
  const watching = (async () => {
    for await (const { type } of bus.connection.status()) if (type === 'error') refused += 1;
  })();
  await world.server.stop();
  const credentials = { user: 'somebody', password: 'of-somebody-else' };
  const stranger = await startNats({ binary, dir, port: world.server.port, credentials });
  await expect.poll(() => refused, { timeout: 10_000 }).toBeGreaterThan(3);
  await stranger.stop();
  await world.server.start();
  await createEventLog(bus).publish([{ event: putEvent() }]);
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  await bus.close();
  await watching;
});
