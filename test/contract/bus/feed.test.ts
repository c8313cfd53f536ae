/** A durable consumer as a feed: what it delivers, and how it goes on when the server, or all it had, is lost. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CausewayEvent } from '../../../events/cloudevent.ts';
import type { Bus } from '../../../infra/bus/connection.ts';
import { createEventLog } from '../../../infra/bus/event-log.ts';
import { createFeed } from '../../../infra/bus/feed.ts';
import { ensureStreams, streamNames } from '../../../infra/bus/streams.ts';
import type { EventLog, OpenFeed } from '../../../infra/host/ports.ts';
import {
  type BusWorld,
  createInbox,
  type Inbox,
  idOf,
  linkOf,
  putEvent,
  setupMs,
  startBusWorld,
} from './bus-world.ts';

const link = linkOf();
const wanted = { links: [link], sites: [] };
const shortAckWait = 1_000;
let world: BusWorld;
let bus: Bus;
let log: EventLog;
let inbox: Inbox;
const open: OpenFeed[] = [];

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
  log = createEventLog(bus);
}, setupMs);
beforeEach(async () => {
  await bus.manager.streams.delete(streamNames.events).catch(() => false);
  await ensureStreams(bus, wanted);
  inbox = createInbox();
});
afterEach(() => Promise.all(open.splice(0).map((feed) => feed.close())));
afterAll(() => world?.stop());

async function start(consumer = link.id, to = inbox, on = bus, acksWithinMs = 0): Promise<OpenFeed> {
  const feed = await createFeed(on, streamNames.events, consumer, { acksWithinMs }).open(to.take);
  open.push(feed);
  return feed;
}

async function publish(event: CausewayEvent = putEvent()): Promise<string> {
  await log.publish([{ event }]);
  return event.id;
}

const waiting = async (): Promise<number> => {
  const { num_pending, num_ack_pending } = await bus.manager.consumers.info(streamNames.events, link.id);
  return num_pending + num_ack_pending;
};
const settled = (count: number): Promise<void> => expect.poll(waiting, { timeout: 5000 }).toBe(count);

/** The link's consumer with an ack wait that a test can wait for. */
async function withShortAckWait(): Promise<string> {
  const name = `${link.id}_impatient`;
  const { config } = await bus.manager.consumers.info(streamNames.events, link.id);
  const ack_wait = shortAckWait * 1_000_000;
  await bus.manager.consumers.add(streamNames.events, { ...config, name, durable_name: name, ack_wait });
  return name;
}

test('delivers in the stream’s order, with what the stream knows of a message', async () => {
  await start();
  const ids = [await publish(), await publish(), await publish()];
  const before = Date.now();
  const messages = [await inbox.next(), await inbox.next(), await inbox.next()];
  expect(messages.map(idOf)).toEqual(ids);
  expect(messages.map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
  const first = messages[0]?.sequence ?? 0;
  expect(messages.map(({ sequence }) => sequence - first)).toEqual([0, 1, 2]);
  expect(Math.abs((messages[0]?.stored ?? 0) - before)).toBeLessThan(5000);
});

test('an ack of what a lost stream had does not count for the stream that was made anew', async () => {
  await start();
  await publish();
  const old = await inbox.next();
  await bus.manager.streams.delete(streamNames.events);
  await ensureStreams(bus, wanted);
  const id = await publish();
  const fresh = await inbox.next(10_000);
  expect(idOf(fresh)).toBe(id);
  expect(fresh.sequence).toBeGreaterThan(old.sequence);
  await old.ack();
  await bus.connection.flush();
  expect(await waiting()).toBe(1);
  await fresh.ack();
  await settled(0);
});

test('what is acknowledged is not delivered again', async () => {
  await start();
  await publish();
  await (await inbox.next()).ack();
  await settled(0);
});

test('an acknowledgement that may wait for others is there when the feed is closed', async () => {
  const feed = await start(link.id, inbox, bus, 60_000);
  await publish();
  await (await inbox.next()).ack();
  await bus.connection.flush();
  const before = await waiting();
  await feed.close();
  await settled(0);
  expect(before).toBe(1);
});

test('what is handed back comes again at once, or after the wait that was asked for, as one attempt more', async () => {
  await start();
  const id = await publish();
  const first = await inbox.next();
  first.nak(0);
  const second = await inbox.next();
  expect([idOf(second), second.attempts, second.sequence]).toEqual([id, 1, first.sequence]);
  const before = performance.now();
  second.nak(700);
  const third = await inbox.next();
  expect(performance.now() - before).toBeGreaterThan(650);
  expect(third.attempts).toBe(2);
  await third.ack();
  await settled(0);
});

test('what nobody speaks up for comes again; `working` holds it', async () => {
  await start(await withShortAckWait());
  await publish();
  const message = await inbox.next();
  // Three times the wait, in steps of a quarter.
  for (let step = 0; step < 12; step++) {
    await expect(inbox.next(shortAckWait / 4)).rejects.toThrow();
    message.working();
  }
  const again = await inbox.next(3 * shortAckWait);
  expect([again.sequence, again.attempts]).toEqual([message.sequence, 1]);
});

test('attempts that the ledger counted come with the event, and its redeliveries on top', async () => {
  await start();
  await log.publish([{ event: putEvent(), link: link.id, attempts: 4 }]);
  const message = await inbox.next();
  expect(message.attempts).toBe(4);
  message.nak(0);
  expect((await inbox.next()).attempts).toBe(5);
});

test('an event for one link is delivered to that link alone', async () => {
  const videos = linkOf('videos');
  await ensureStreams(bus, { links: [link, videos], sites: [] });
  const others = createInbox();
  await start();
  await start(videos.id, others);
  await log.publish([{ event: putEvent({ bucket: 'videos' }), link: link.id }]);
  await inbox.next();
  await expect(others.next(300)).rejects.toThrow();
});

test('two processes share one consumer, and each message goes to one of them', async () => {
  const second = createInbox();
  await start();
  await start(link.id, second, await world.connect());
  const ids = await Promise.all(Array.from({ length: 600 }, () => publish()));
  const delivered = () => [...inbox.waiting, ...second.waiting].map(idOf);
  await expect.poll(() => delivered().length, { timeout: 8_000 }).toBe(600);
  expect(delivered().toSorted()).toEqual(ids.toSorted());
});

test('goes on when the server was killed and started again, with what was not acknowledged', async () => {
  const name = await withShortAckWait();
  await start(name);
  const id = await publish();
  await inbox.next();
  await world.server.kill();
  await world.server.start();
  // Whether it was delivered before, a server that was killed may have forgotten.
  expect(idOf(await inbox.next())).toBe(id);
  const later = await publish();
  expect(idOf(await inbox.next())).toBe(later);
});

test('goes on within a second or so after the whole store was lost and made again', async () => {
  await start();
  await publish();
  await (await inbox.next()).ack();
  for (let turn = 0; turn < 2; turn++) {
    await world.loseStore();
    await ensureStreams(bus, wanted);
    const before = performance.now();
    const id = await publish();
    expect(idOf(await inbox.next())).toBe(id);
    expect(performance.now() - before).toBeLessThan(2500);
  }
});

test('goes on when its consumer, or the stream, was deleted and made again under it', async () => {
  await start();
  await publish();
  await inbox.next();
  for (const lose of [
    () => bus.manager.consumers.delete(streamNames.events, link.id),
    () => bus.manager.streams.delete(streamNames.events),
  ]) {
    await lose();
    await ensureStreams(bus, wanted);
    const before = performance.now();
    const id = await publish();
    expect(idOf(await inbox.next())).toBe(id);
    expect(performance.now() - before).toBeLessThan(2500);
  }
});

test('opens where there is no stream yet, and delivers when there is', async () => {
  await bus.manager.streams.delete(streamNames.events);
  await start();
  await expect(inbox.next(1000)).rejects.toThrow();
  await ensureStreams(bus, wanted);
  const id = await publish();
  expect(idOf(await inbox.next(3000))).toBe(id);
});

test('a closed feed pulls nothing more, and closes while the server is away', async () => {
  const feed = await start();
  await publish();
  await (await inbox.next()).ack();
  await feed.close();
  await publish();
  await expect(inbox.next(700)).rejects.toThrow();
  await settled(1);
  const other = await start();
  await inbox.next();
  await world.server.kill();
  const before = performance.now();
  await other.close();
  expect(performance.now() - before).toBeLessThan(8000);
  await world.server.start();
});
