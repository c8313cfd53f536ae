/** Contract: uploads that have not ended are remembered by link and version, until they are forgotten. */
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UploadMemory } from '../../../functions/uploads.ts';
import type { Bus } from '../../../infra/bus/connection.ts';
import { bucketNames, ensureStreams } from '../../../infra/bus/streams.ts';
import { createUploadMemory } from '../../../infra/bus/upload-memory.ts';
import { all, type BusWorld, linkOf, setupMs, startBusWorld } from './bus-world.ts';

const link = linkOf();
const ref = { bucket: 'photos', key: 'with space/ünï > * .mov', versionId: 'v1' };
const upload = { uploadId: 'one', partSize: 5_242_880, identity: 'same', heldUntil: 1_000 };
let world: BusWorld;
let bus: Bus;
let uploads: UploadMemory;

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
  await ensureStreams(bus, { links: [link], sites: ['east', 'west'] });
  uploads = createUploadMemory(bus, await new Kvm(bus.jetstream).open(bucketNames.uploads));
}, setupMs);
afterAll(() => world?.stop());

test('an upload is recalled by its link and version alone, as it was last told', async () => {
  await uploads.remember(link.id, ref, { ...upload, heldUntil: 1 });
  await uploads.remember(link.id, ref, upload);

  expect(await uploads.recall(link.id, ref)).toEqual(upload);
  expect(await uploads.recall(link.id, { ...ref, versionId: 'v2' })).toBeUndefined();
  expect(await uploads.recall('another', ref)).toBeUndefined();
});

test('those that nobody holds are found, of one link; a forgotten one is not', async () => {
  const held = { ...ref, versionId: 'held' };
  const gone = { ...ref, versionId: 'gone' };
  await uploads.remember(link.id, held, { ...upload, heldUntil: 3_000 });
  await uploads.remember(link.id, gone, upload);
  await uploads.remember('another', ref, upload);
  await uploads.forget(link.id, gone);
  await uploads.forget(link.id, gone);

  expect(await all(uploads.unheldSince(link.id, 2_000))).toEqual([[ref, upload]]);
  expect(await uploads.recall(link.id, gone)).toBeUndefined();
});

test('what cannot be read counts as forgotten', async () => {
  const kv = await new Kvm(bus.jetstream).open(bucketNames.uploads);
  const before = await all(uploads.unheldSince(link.id, Number.POSITIVE_INFINITY));
  await kv.put(`${link.id}.unreadable`, '{');

  expect(await all(uploads.unheldSince(link.id, Number.POSITIVE_INFINITY))).toEqual(before);
});
