/** What the content index keeps, on a real NATS: the last value of a name, and nothing beyond a bound. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bus } from '../../../infra/bus/connection.ts';
import { createContentIndex } from '../../../infra/bus/content-index.ts';
import { createContentRecords } from '../../../infra/bus/content-records.ts';
import { ensureStreams, streamNames } from '../../../infra/bus/streams.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus-world.ts';

let world: BusWorld;
let bus: Bus;
beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
  await ensureStreams(bus, { links: [], sites: [] });
}, setupMs);
afterAll(() => world?.stop());

test('the last value of a name is there, and what was never kept is not', async () => {
  const records = createContentRecords(bus);
  await records.put('tokyo.sha256.abc-1', 'one');
  await records.put('tokyo.sha256.abc-1', 'two');

  expect(await records.get('tokyo.sha256.abc-1')).toBe('two');
  expect(await records.get('tokyo.sha256.abd-1')).toBeUndefined();
  expect((await bus.manager.streams.info(streamNames.contents)).state.messages).toBe(1);
});

test('the index finds what was remembered in another process', async () => {
  const [one, other] = [createContentRecords(bus), createContentRecords(await world.connect())];
  const content = { size: 5, sha256: 'f'.repeat(64) };
  const placed = { bucket: 'my.bucket', key: 'ü/*> x', versionId: 'v', etag: 'e-2' };

  await createContentIndex(one).remember('tokyo', content, placed, { etag: 'e-2', size: 5 });

  const index = createContentIndex(other);
  expect(await index.find('tokyo', content)).toEqual(placed);
  expect(await index.mayHave('tokyo', { etag: 'e-2', size: 5 })).toBe(true);
});

test('what is beyond its bound goes, the oldest first', async () => {
  const records = createContentRecords(bus);
  await bus.manager.streams.update(streamNames.contents, { max_bytes: 64 * 1024 });
  for (let n = 0; n < 100; n += 1) await records.put(`tokyo.sha256.full-${n}`, 'x'.repeat(1000));

  expect(await records.get('tokyo.sha256.full-0')).toBeUndefined();
  expect(await records.get('tokyo.sha256.full-99')).toHaveLength(1000);
});
