/** Whether NATS stores notifications: asked without leaving anything behind. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bus } from '../../../infra/bus/connection.ts';
import { whyNotStoring } from '../../../infra/bus/storing.ts';
import { ensureStreams, streamNames } from '../../../infra/bus/streams.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus-world.ts';

let world: BusWorld;
let bus: Bus;
beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
  await ensureStreams(bus, { links: [], sites: ['east'] });
}, setupMs);
afterAll(() => world?.stop());

test('a stream that stores is asked, and is as it was', async () => {
  await bus.jetstream.publish('causeway.raw.east', 'a notification');

  expect(await whyNotStoring(bus)).toBeUndefined();
  expect((await bus.manager.streams.info(streamNames.raw)).state.messages).toBe(1);
});

test('a stream that refuses is told of', async () => {
  await bus.manager.streams.update(streamNames.raw, { max_msg_size: 1 });

  expect(await whyNotStoring(bus)).toMatch(/^NATS stores no notifications \(.+\): give its disk room/);
});

test('while NATS is away, that is what counts', async () => {
  await world.server.kill();

  expect(await whyNotStoring(bus)).toBeUndefined();
  await world.server.start();
});
