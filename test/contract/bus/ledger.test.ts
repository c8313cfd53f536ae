/** The ledger on NATS KV: what is in it, what goes back on the stream, and that nothing of it stays behind. */
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CausewayEvent, deriveEvent, makeEvent } from '../../../events/cloudevent.ts';
import type { Bus } from '../../../infra/bus/connection.ts';
import { createEventLog } from '../../../infra/bus/event-log.ts';
import { createFeed } from '../../../infra/bus/feed.ts';
import { createLedger, type StoredLedger } from '../../../infra/bus/ledger.ts';
import { countLedger, createLedgerBucket } from '../../../infra/bus/ledger-bucket.ts';
import { bucketNames, ensureStreams, streamNames } from '../../../infra/bus/streams.ts';
import type { LedgerEntry } from '../../../infra/host/ports.ts';
import {
  all,
  type BusWorld,
  createInbox,
  idOf,
  linkOf,
  movableClock,
  putEvent,
  setupMs,
  startBusWorld,
} from './bus-world.ts';

const link = linkOf();
const other = linkOf('videos');
const stream = `KV_${bucketNames.ledger}`;
const clock = movableClock();
let world: BusWorld;
let bus: Bus;
let ledger: StoredLedger;

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
}, setupMs);
beforeEach(async () => {
  for (const name of [streamNames.events, stream]) await bus.manager.streams.delete(name).catch(() => false);
  await ensureStreams(bus, { links: [link, other], sites: [] });
  const kv = await new Kvm(bus.jetstream).open(bucketNames.ledger);
  ledger = createLedger(createLedgerBucket(bus, kv), createEventLog(bus), clock);
});
afterAll(() => world?.stop());

function entry(event: CausewayEvent, given: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    link: link.id,
    event,
    reason: 'it failed',
    attempts: 3,
    nextTry: clock.now() + 60_000,
    state: 'failed',
    ...given,
  };
}

const inIt = (of?: string): Promise<LedgerEntry[]> => all(ledger.entries(of));
const messages = async (): Promise<number> => (await bus.manager.streams.info(stream)).state.messages;

test('is empty to begin with', async () => {
  expect(await inIt()).toEqual([]);
  expect(await inIt(link.id)).toEqual([]);
  expect(await ledger.releaseDue(link.id)).toBe(0);
  expect(await countLedger(bus, link.id)).toEqual({ failed: 0, planned: 0 });
});

test('gives back what was put, of one link or of all', async () => {
  const [mine, its] = [entry(putEvent()), entry(putEvent({ bucket: 'videos' }), { link: other.id })];
  await ledger.put(mine);
  await ledger.put(its);
  expect(await inIt(link.id)).toEqual([mine]);
  expect(await inIt()).toEqual([mine, its]);
});

test('an entry replaces the one for the same link, kind and version, and no other', async () => {
  const event = putEvent();
  const due = deriveEvent(
    {
      type: 'dev.causeway.version.due.v1',
      data: { link: link.id, bucket: 'photos', key: 'k', versionId: 'v1', reason: 'missing', round: 0 },
    },
    event,
    { source: 'test', time: event.time },
  );
  await ledger.put(entry(event));
  await ledger.put(entry(due));
  await ledger.put(entry(putEvent()));
  const latest = entry(event, { attempts: 4, reason: 'it failed again' });
  await ledger.put(latest);
  expect(await inIt()).toHaveLength(3);
  expect((await inIt()).filter((found) => found.event.id === event.id)).toEqual([latest]);
});

test('a marker’s creation and its removal, which have one name, do not replace each other', async () => {
  const announced = ['put', 'removed'].map((requestId) => {
    const type = 'com.amazonaws.s3.ObjectRemoved:DeleteMarkerCreated';
    const { time, source } = putEvent();
    const data = { site: 'east', bucket: 'photos', key: 'k', versionId: 'm', size: 0, eventTime: time };
    return makeEvent({ type, data: { ...data, requestId } }, { id: requestId, source, time });
  });
  for (const event of announced) {
    for (const attempts of [3, 4]) await ledger.put(entry(event, { attempts }));
  }
  const found = (await inIt()).map(({ event, attempts }) => [event.id, attempts]);
  expect(found).toEqual(announced.map(({ id }) => [id, 4]));
});

test('counts failed and planned work for each link', async () => {
  for (let count = 0; count < 30; count++) await ledger.put(entry(putEvent()));
  await ledger.put(entry(putEvent(), { state: 'planned' }));
  await ledger.put(entry(putEvent({ bucket: 'videos' }), { link: other.id, state: 'planned' }));
  expect(await countLedger(bus, link.id)).toEqual({ failed: 30, planned: 1 });
  expect(await countLedger(bus, other.id)).toEqual({ failed: 0, planned: 1 });
});

test('what is due goes to its link with its attempts, and out of the ledger; the rest stays', async () => {
  const [due, later, its] = [putEvent(), putEvent(), putEvent({ bucket: 'videos' })];
  await ledger.put(entry(due, { nextTry: clock.now() - 1 }));
  await ledger.put(entry(later));
  await ledger.put(entry(its, { link: other.id, nextTry: 0 }));
  expect(await ledger.releaseDue(link.id)).toBe(1);
  expect((await inIt()).map(({ event }) => event.id)).toEqual([later.id, its.id]);
  const inbox = createInbox();
  const feed = await createFeed(bus, streamNames.events, link.id).open(inbox.take);
  const message = await inbox.next();
  expect([idOf(message), message.attempts]).toEqual([due.id, 3]);
  await message.ack();
  await expect(inbox.next(300)).rejects.toThrow();
  await feed.close();
  clock.forward(61_000);
  expect(await ledger.releaseDue(link.id)).toBe(1);
  expect(await ledger.releaseDue(link.id)).toBe(0);
});

test('what is due once more after as many tries goes to its link once more', async () => {
  const event = putEvent();
  for (const nextTry of [clock.now() - 2, clock.now() - 1]) {
    await ledger.put(entry(event, { nextTry }));
    expect(await ledger.releaseDue(link.id)).toBe(1);
  }
  const pending = async () => (await bus.manager.consumers.info(streamNames.events, link.id)).num_pending;
  await expect.poll(pending).toBe(2);
});

test('releases thousands, and leaves nothing behind, no tombstones either', async () => {
  const events = Array.from({ length: 1500 }, () => putEvent());
  await Promise.all(events.map((event) => ledger.put(entry(event, { nextTry: 0 }))));
  expect(await messages()).toBe(1500);
  expect(await ledger.releaseDue(link.id)).toBe(1500);
  expect(await messages()).toBe(0);
  expect(await countLedger(bus, link.id)).toEqual({ failed: 0, planned: 0 });
  const pending = async () => (await bus.manager.consumers.info(streamNames.events, link.id)).num_pending;
  await expect.poll(pending).toBe(1500);
});

test('an entry that was put again while it was being released stays', async () => {
  const event = putEvent();
  await ledger.put(entry(event, { nextTry: 0 }));
  const kv = await new Kvm(bus.jetstream).open(bucketNames.ledger);
  const log = createEventLog(bus);
  const newer = entry(event, { attempts: 4 });
  const racing = createLedger(
    createLedgerBucket(bus, kv),
    {
      async publish(publications) {
        await log.publish(publications);
        await ledger.put(newer);
      },
    },
    clock,
  );
  expect(await racing.releaseDue(link.id)).toBe(1);
  expect(await inIt()).toEqual([newer]);
});

test('an entry whose event could not be put on the stream stays', async () => {
  await ledger.put(entry(putEvent(), { nextTry: 0 }));
  await bus.manager.streams.delete(streamNames.events);
  await expect(ledger.releaseDue(link.id)).rejects.toThrow();
  expect(await inIt()).toHaveLength(1);
});

test('an entry that cannot be read stands in nobody’s way', async () => {
  const kv = await new Kvm(bus.jetstream).open(bucketNames.ledger);
  await kv.put(`${link.id}.failed.x.y`, 'no JSON');
  await kv.put(`${link.id}.failed.x.z`, '{"link":"x","event":{"type":"of.tomorrow"}}');
  await kv.put(`${link.id}.failed.x.deleted`, '1');
  await kv.delete(`${link.id}.failed.x.deleted`);
  const event = putEvent();
  await ledger.put(entry(event, { nextTry: 0 }));
  expect((await inIt()).map((found) => found.event.id)).toEqual([event.id]);
  expect(await ledger.releaseDue(link.id)).toBe(1);
});

test('reading it ends when the server is restarted in between', async () => {
  const events = Array.from({ length: 600 }, () => putEvent());
  await Promise.all(events.map((event) => ledger.put(entry(event))));
  let read = 0;
  const reading = (async () => {
    for await (const _ of ledger.entries(link.id)) {
      read += 1;
      if (read > 1) continue;
      await world.server.kill();
      await world.server.start();
    }
  })();
  const before = performance.now();
  await reading.catch(() => undefined);
  expect(performance.now() - before).toBeLessThan(15_000);
  expect(await inIt(link.id)).toHaveLength(600);
});
