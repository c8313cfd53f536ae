/** Publishing, and what becomes of requests while NATS is away: nothing is believed without its answer, nothing hangs. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Bus, connectBus } from '../../../infra/bus/connection.ts';
import { createDeadLetters } from '../../../infra/bus/dead-letters.ts';
import { readEvents } from '../../../infra/bus/event-history.ts';
import { createEventLog } from '../../../infra/bus/event-log.ts';
import { countLetters, readLetters, removeLetters } from '../../../infra/bus/kept-letters.ts';
import { ensureStreams, streamNames } from '../../../infra/bus/streams.ts';
import { systemClock } from '../../../infra/host/system-clock.ts';
import { all, type BusWorld, linkOf, putEvent, setupMs, startBusWorld } from './bus-world.ts';

const link = linkOf();
let world: BusWorld;
let bus: Bus;

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
}, setupMs);
beforeEach(async () => {
  await world.server.start();
  for (const name of Object.values(streamNames)) await bus.manager.streams.delete(name).catch(() => false);
  await ensureStreams(bus, { links: [link], sites: [] });
});
afterAll(() => world?.stop());

async function stored(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { event } of readEvents(bus, {})) ids.push(event?.id ?? 'none');
  return ids;
}

async function timed(work: Promise<unknown>): Promise<{ failed: boolean; ms: number }> {
  const before = performance.now();
  const failed = await work.then(
    () => false,
    () => true,
  );
  return { failed, ms: performance.now() - before };
}

test('resolves when the server has all of them, more than are under way at once too', async () => {
  const events = Array.from({ length: 700 }, () => putEvent());
  await createEventLog(bus).publish(events.map((event) => ({ event })));
  const { state } = await bus.manager.streams.info(streamNames.events);
  expect(state.messages).toBe(700);
  expect((await stored()).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
});

test('one fact twice is stored once; a retry of it passes', async () => {
  const event = putEvent();
  const log = createEventLog(bus);
  await log.publish([{ event }]);
  await log.publish([{ event }]);
  expect(await stored()).toEqual([event.id]);
  await log.publish([{ event, link: link.id, attempts: 3 }]);
  expect(await stored()).toEqual([event.id, event.id]);
});

test('so it is among many others: they are stored, and it is not stored again', async () => {
  const [known, ...others] = Array.from({ length: 20 }, () => putEvent());
  if (!known) throw new Error('unreachable');
  const log = createEventLog(bus);
  await log.publish(others.slice(0, 10).map((event) => ({ event })));
  await log.publish([{ event: known }]);
  await log.publish([...others.slice(5), known, known].map((event) => ({ event })));
  expect((await stored()).toSorted()).toEqual([known, ...others].map(({ id }) => id).toSorted());
});

test('what was published before the server was killed is there afterwards', async () => {
  const event = putEvent();
  await createEventLog(bus).publish([{ event }]);
  await world.server.kill();
  await world.server.start();
  expect(await stored()).toEqual([event.id]);
});

test('while NATS is away, publishing fails in bounded time; a short absence is waited for', async () => {
  const log = createEventLog(bus);
  await world.server.kill();
  const { failed, ms } = await timed(log.publish([{ event: putEvent() }, { event: putEvent() }]));
  expect(failed).toBe(true);
  expect(ms).toBeLessThan(8000);
  const event = putEvent();
  const waiting = log.publish([{ event }]);
  await world.server.start();
  await waiting;
  expect(await stored()).toContain(event.id);
});

test('what is under way when NATS goes fails at once, and can be published again', async () => {
  const log = createEventLog(bus);
  const events = Array.from({ length: 5000 }, () => putEvent());
  const publishing = timed(log.publish(events.map((event) => ({ event }))));
  await expect
    .poll(async () => (await bus.manager.streams.info(streamNames.events)).state.messages, { interval: 5 })
    .toBeGreaterThan(0);
  await world.server.kill();
  const { failed, ms } = await publishing;
  expect(failed).toBe(true);
  expect(ms).toBeLessThan(8000);
  await world.server.start();
  await log.publish(events.map((event) => ({ event })));
  expect(new Set(await stored()).size).toBe(5000);
});

test('a server that hangs is given up after five seconds, and so is one that has no stream', async () => {
  const { pid } = world.server;
  if (pid === undefined) throw new Error('the server does not run');
  process.kill(pid, 'SIGSTOP');
  const { failed, ms } = await timed(createEventLog(bus).publish([{ event: putEvent() }]));
  process.kill(pid, 'SIGCONT');
  expect(failed).toBe(true);
  expect(ms).toBeLessThan(8000);
  await bus.manager.streams.delete(streamNames.events);
  expect((await timed(createEventLog(bus).publish([{ event: putEvent() }]))).failed).toBe(true);
});

test('reading ends with an error when NATS goes away in between, and does not hang', async () => {
  const events = Array.from({ length: 2000 }, () => putEvent());
  await createEventLog(bus).publish(events.map((event) => ({ event })));
  const reading = (async () => {
    let count = 0;
    for await (const _ of readEvents(bus, {})) {
      count += 1;
      if (count === 1) await world.server.kill();
    }
    return count;
  })();
  const { failed, ms } = await timed(reading);
  expect(failed).toBe(true);
  expect(ms).toBeLessThan(12_000);
});

test('closing ends in bounded time while NATS is away', async () => {
  const other = await connectBus(world.access);
  await world.server.kill();
  const { ms } = await timed(other.close());
  expect(ms).toBeLessThan(6000);
  expect(other.connection.isClosed()).toBe(true);
});

test('dead letters are kept, counted for each link, read back, and taken away one by one', async () => {
  const letters = createDeadLetters(createEventLog(bus), systemClock);
  const event = putEvent({ key: 'a/b' });
  const body = Buffer.from(JSON.stringify(event));
  await letters.add({ link: link.id, function: 'replicate', reason: 'no', attempts: 2, body, cause: event });
  await letters.add({ reason: 'not JSON', attempts: 1, body: Buffer.from('{\u0007') });
  await bus.jetstream.publish('causeway.dead.elsewhere', 'somebody else’s');
  expect([...(await countLetters(bus))].toSorted()).toEqual([
    ['elsewhere', 1],
    [link.id, 1],
    ['unplaced', 1],
  ]);
  const kept = await all(readLetters(bus, {}));
  expect(kept).toMatchObject([
    { link: link.id, function: 'replicate', reason: 'no', attempts: 2, event: { id: event.id } },
    { link: undefined, reason: 'not JSON', event: undefined, body: '{\u0007' },
    { link: undefined, event: undefined, body: 'somebody else’s' },
  ]);
  await removeLetters(bus, [1, 3]);
  await removeLetters(bus, [1]);
  expect((await all(readLetters(bus, {}))).map(({ sequence }) => sequence)).toEqual([2]);
});
