/** A large version on its way when Causeway is killed, or the link is cut: what has arrived of it is not sent again. */
import { randomBytes } from 'node:crypto';
import { ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ShapedWire, startShapedWire } from '../../infra/bench/shaped-wire.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { type CausewayProcess, causewayUp, documents } from './causeway-process.ts';
import { listVersions } from './snapshot.ts';
import { startWorld, type World } from './world.ts';

const MEBIBYTE = 1024 * 1024;
const partSize = 5 * MEBIBYTE;
const count = 8;
let world: World;
let link: ShapedWire;
let causeway: CausewayProcess;
let east: Application;
let west: Application;
let key = '';
let number = 0;

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: 'photos' }]);
  const { host, port } = siteOf(world, 'west').server;
  // All of it takes some ten seconds.
  link = await startShapedWire({ upstream: `${host}:${port}`, bytesPerSecond: 4 * MEBIBYTE });
  const endpoints = new Map([['west', `http://${link.address}`]]);
  causeway = await causewayUp(world.dir, world.embedded, documents(world.embedded, 'photos', endpoints));
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await causeway?.stop();
  await link?.stop();
  await world?.stop();
});

beforeEach(async () => {
  number += 1;
  key = `films/${number}`;
  const parts = Array.from({ length: count }, () => randomBytes(partSize));
  await east.putInParts('photos', key, parts);
});

/** Upload IDs, and the parts that are stored with the times of their arrival. */
async function underWay(): Promise<{ ids: string[]; parts: string[] }> {
  const uploads = new ListMultipartUploadsCommand({ Bucket: 'photos', Prefix: key });
  const ids = ((await west.client.send(uploads)).Uploads ?? []).flatMap(({ UploadId }) => UploadId ?? []);
  const found = await Promise.all(ids.map(partsOf));
  return { ids, parts: found.flat() };
}

async function partsOf(UploadId: string): Promise<string[]> {
  const asked = new ListPartsCommand({ Bucket: 'photos', Key: key, UploadId });
  // It may have been completed meanwhile.
  const { Parts = [] } = await west.client.send(asked).catch(() => ({ Parts: [] }));
  return Parts.map(({ PartNumber, LastModified }) => `${PartNumber} ${LastModified?.toISOString()}`);
}

const someArrived = (least: number): Promise<void> =>
  expect
    .poll(async () => (await underWay()).parts.length, { timeout: 60_000, interval: 50 })
    .toBeGreaterThanOrEqual(least);

async function expectArrived(): Promise<void> {
  const wanted = await listVersions(east, 'photos', key);
  await expect.poll(() => listVersions(west, 'photos', key), { timeout: 90_000 }).toEqual(wanted);
  await expect.poll(underWay, { timeout: 60_000 }).toEqual({ ids: [], parts: [] });
}

test('after SIGKILL it goes on where it was', async () => {
  await someArrived(2);
  await causeway.kill();
  const before = await underWay();
  await causeway.start();
  await someArrived(before.parts.length + 1);
  const after = await underWay();

  expect(after.ids).toEqual(before.ids);
  expect(after.parts).toEqual(expect.arrayContaining(before.parts));
  await expectArrived();
});

test('a version that is purged on its way leaves nothing', async () => {
  await someArrived(1);
  await causeway.kill();
  const [line] = await listVersions(east, 'photos', key);
  await east.purge({ bucket: 'photos', key, versionId: line?.versionId ?? '' });
  expect((await underWay()).ids).toHaveLength(1);
  await causeway.start();

  await expectArrived();
  expect(await listVersions(west, 'photos', key)).toEqual([]);
});
