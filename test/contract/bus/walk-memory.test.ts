/** What walks remember on NATS, and how they learn that events may have been lost. */
import { type KV, Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rawSubject } from '../../../events/subjects.ts';
import type { OrphanMemory, WalkMemory, WalkState } from '../../../functions/ports.ts';
import { backlogOf } from '../../../infra/bus/backlog.ts';
import type { Bus } from '../../../infra/bus/connection.ts';
import { createEventLog } from '../../../infra/bus/event-log.ts';
import { createFeed } from '../../../infra/bus/feed.ts';
import { bucketNames, ensureStreams, streamNames } from '../../../infra/bus/streams.ts';
import { createOrphanMemory, createWalkMemory } from '../../../infra/bus/walk-memory.ts';
import type { HeldMessage } from '../../../infra/host/ports.ts';
import { type BusWorld, createInbox, linkOf, putEvent, setupMs, startBusWorld } from './bus-world.ts';

const link = linkOf();
const other = linkOf('videos');
let world: BusWorld;
let bus: Bus;
let walks: WalkMemory;
let orphans: OrphanMemory;
let kv: KV;

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
}, setupMs);
beforeEach(async () => {
  for (const name of [streamNames.events, `KV_${bucketNames.walks}`, `KV_${bucketNames.orphans}`]) {
    await bus.manager.streams.delete(name).catch(() => false);
  }
  await ensureStreams(bus, { links: [link, other], sites: [] });
  kv = await new Kvm(bus.jetstream).open(bucketNames.walks);
  walks = createWalkMemory(bus, kv);
  orphans = createOrphanMemory(await new Kvm(bus.jetstream).open(bucketNames.orphans));
});
afterAll(() => world?.stop());

const state: WalkState = {
  round: 3,
  cursor: 'a/ü\u0000 k',
  counted: 10,
  counting: 4,
  suspects: 1,
  suspectsBefore: 2,
  roundStarted: '2026-03-01T12:00:00.000Z',
  hurry: true,
  frozen: false,
  since: '2026-03-01T11:00:00.000Z',
  stream: 'identity',
  sourceCreated: 'one',
  targetCreated: 'two',
};

test('a walk’s state comes back as it was saved; with and without a cursor', async () => {
  expect(await walks.load(link.id)).toBeUndefined();
  await walks.save(link.id, state);
  expect(await walks.load(link.id)).toEqual(state);
  await walks.save(link.id, { ...state, cursor: undefined });
  expect(await walks.load(link.id)).toEqual({ ...state, cursor: undefined });
  expect(await walks.load(other.id)).toBeUndefined();
});

test('a memory that cannot be read counts as lost', async () => {
  await kv.put(link.id, 'no JSON');
  expect(await walks.load(link.id)).toBeUndefined();
  await kv.put(link.id, '{"round":1}');
  expect(await walks.load(link.id)).toBeUndefined();
});

test('an orphan is remembered with its round, until it is forgotten', async () => {
  const ref = { bucket: 'photos', key: 'a b/ü', versionId: 'v1' };
  expect(await orphans.seenIn(link.id, ref)).toBeUndefined();
  await orphans.remember(link.id, ref, 7);
  expect(await orphans.seenIn(link.id, ref)).toBe(7);
  expect(await orphans.seenIn(link.id, { ...ref, versionId: 'v2' })).toBeUndefined();
  expect(await orphans.seenIn(other.id, ref)).toBeUndefined();
  await orphans.forget(link.id, ref);
  await orphans.forget(link.id, ref);
  expect(await orphans.seenIn(link.id, ref)).toBeUndefined();
});

async function publish(count: number, bucket = 'photos'): Promise<void> {
  const id = bucket === 'photos' ? link.id : other.id;
  const before = await walks.backlog(id);
  await createEventLog(bus).publish(Array.from({ length: count }, () => ({ event: putEvent({ bucket }) })));
  // The server counts a message for its consumers a moment after it has confirmed it.
  const limit = (await bus.manager.streams.info(streamNames.events)).config.max_msgs;
  if (limit < 0) await expect.poll(() => walks.backlog(id), { interval: 10 }).toBe(before + count);
}

/** Takes `count` events of the link and acknowledges them; more stay with the feed until it is closed. */
async function handle(count: number): Promise<void> {
  const inbox = createInbox();
  const feed = await createFeed(bus, streamNames.events, link.id).open(inbox.take);
  const taken: HeldMessage[] = [];
  while (taken.length < count) taken.push(await inbox.next());
  const before = await walks.backlog(link.id);
  for (const message of taken) await message.ack();
  await expect.poll(() => walks.backlog(link.id), { interval: 10 }).toBe(before - count);
  await feed.close();
}

/** The stream keeps its last `count` messages, as when it has become too large or they too old. */
const retain = (count: number): Promise<unknown> =>
  bus.manager.streams.update(streamNames.events, { max_msgs: count });

const firstSequence = async (): Promise<number> =>
  (await bus.manager.streams.info(streamNames.events)).state.first_seq;

test('the backlog is what waits and what is held, and says since when', async () => {
  expect(await walks.backlog(link.id)).toBe(0);
  await publish(3, 'videos');
  await publish(5);
  expect(await walks.backlog(link.id)).toBe(5);
  await handle(2);
  expect(await walks.backlog(link.id)).toBe(3);
  const backlog = await backlogOf(bus, link.id);
  expect(backlog?.oldest?.sequence).toBe((await firstSequence()) + 5);
  expect(Math.abs(Date.now() - (backlog?.oldest?.stored.getTime() ?? 0))).toBeLessThan(5000);
  expect(await backlogOf(bus, 'nobody')).toBeUndefined();
});

test('news is what waits as a notification, as an event, or for another try', async () => {
  const hasNews = () => walks.hasNews(link.id, 'east');
  expect(await hasNews()).toBe(false);
  await ensureStreams(bus, { links: [link, other], sites: ['east'] });
  await bus.jetstream.publish(rawSubject('east'), '{}');
  await expect.poll(hasNews).toBe(true);
  expect(await walks.hasNews(link.id, 'west')).toBe(false);
  await bus.manager.streams.purge(streamNames.raw);
  await expect.poll(hasNews).toBe(false);
  await publish(1);
  expect(await hasNews()).toBe(true);
  await handle(1);
  expect(await hasNews()).toBe(false);
  const ledger = await new Kvm(bus.jetstream).open(bucketNames.ledger);
  await ledger.put(`${link.id}.planned.x.y`, '{}');
  expect(await hasNews()).toBe(false);
  await ledger.put(`${link.id}.failed.x.y`, '{}');
  expect(await hasNews()).toBe(true);
});

describe('the identity of what a link reads', () => {
  const identity = (): Promise<string> => walks.streamIdentity(link.id);

  test('stays the same while events come and are handled, and when they grow old after that', async () => {
    const first = await identity();
    await publish(10);
    expect(await identity()).toBe(first);
    await handle(10);
    expect(await identity()).toBe(first);
    await retain(2);
    expect(await identity()).toBe(first);
    expect(await createWalkMemory(bus, kv).streamIdentity(link.id)).toBe(first);
  });

  test('changes, for good, when retention took events that waited', async () => {
    await publish(10);
    const before = await identity();
    await retain(4);
    const after = await identity();
    expect(after).not.toBe(before);
    await handle(4);
    expect(await identity()).toBe(after);
  });

  test('changes when it took events that were held', async () => {
    await publish(10);
    const before = await identity();
    const inbox = createInbox();
    const feed = await createFeed(bus, streamNames.events, link.id).open(inbox.take);
    for (let taken = 0; taken < 10; taken++) await inbox.next();
    await retain(4);
    expect(await identity()).not.toBe(before);
    await feed.close();
  });

  test.each([4, 10])('changes when %d of its events were purged by hand', async (count) => {
    await publish(10);
    const before = await identity();
    const seq = (await firstSequence()) + count;
    await bus.manager.streams.purge(streamNames.events, { seq });
    expect(await identity()).not.toBe(before);
  });

  test('changes when they were taken while nobody looked, before the first one that is left was handled', async () => {
    const before = await identity();
    await publish(10);
    await retain(4);
    await handle(4);
    expect(await identity()).not.toBe(before);
  });

  test('stays when other links’ events fill the stream past a quiet link’s last one', async () => {
    await publish(1);
    await handle(1);
    const before = await identity();
    await retain(5);
    for (let turn = 0; turn < 10; turn++) {
      await publish(4, 'videos');
      expect(await identity()).toBe(before);
    }
    await publish(1);
    expect(await identity()).toBe(before);
    await publish(4, 'videos');
    expect(await identity()).toBe(before);
    await handle(1);
    expect(await identity()).toBe(before);
    await publish(4, 'videos');
    expect(await identity()).toBe(before);
  });

  test('changes when the stream was made anew', async () => {
    const before = await identity();
    await bus.manager.streams.delete(streamNames.events);
    await expect(identity()).rejects.toThrow();
    await ensureStreams(bus, { links: [link], sites: [] });
    expect(await identity()).not.toBe(before);
  });

  test('changes when the link’s consumer was made anew: it starts with new events', async () => {
    const before = await identity();
    await publish(3);
    await bus.manager.consumers.delete(streamNames.events, link.id);
    await ensureStreams(bus, { links: [link], sites: [] });
    expect(await walks.backlog(link.id)).toBe(0);
    expect(await identity()).not.toBe(before);
  });

  test('outlives a restart of the server', async () => {
    await publish(3);
    const before = await identity();
    await world.server.kill();
    await world.server.start();
    expect(await identity()).toBe(before);
  });
});
