/**
 * Objects larger than S3 takes in one request, and as large as it does. It takes minutes and some 13 GiB of disk, so it
 * runs only with CAUSEWAY_TEST_LARGE=1.
 */
import { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { type Application, applicationAt } from './application.ts';
import { eventually } from './awaiting.ts';
import { links } from './rules.ts';
import { listVersions } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const MEBIBYTE = 1024 * 1024;
const within = 600_000;
const isWanted = Boolean(environment.CAUSEWAY_TEST_LARGE);
const rules = links({ sites: ['east', 'west'], bucket: 'photos', spec: { scan: { every: '1h' } } });
let world: World;
let running: Running;
let east: Application;
let west: Application;

beforeAll(async () => {
  if (!isWanted) return;
  world = await startWorld(['east', 'west'], [{ name: 'photos' }]);
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

/** Every piece begins with its number; the rest is nothing. */
function* pieces(count: number, size: number): Generator<Buffer> {
  for (let number = 0; number < count; number++) {
    const piece = Buffer.alloc(size);
    piece.writeUInt32BE(number);
    yield piece;
  }
}

async function numberAt(offset: number): Promise<number> {
  const at = { Bucket: 'photos', Key: 'film', Range: `bytes=${offset}-${offset + 3}` };
  const { Body } = await west.client.send(new GetObjectCommand(at));
  return Buffer.from((await Body?.transformToByteArray()) ?? []).readUInt32BE();
}

async function arrived(): Promise<{ seconds: number; mebibytes: number }> {
  const began = Date.now();
  let most = 0;
  await eventually(async () => {
    most = Math.max(most, process.memoryUsage().rss);
    expect(await listVersions(west, 'photos')).toEqual(await listVersions(east, 'photos'));
  }, within);
  return { seconds: (Date.now() - began) / 1000, mebibytes: Math.round(most / MEBIBYTE) };
}

test.skipIf(!isWanted)(
  'an object of 5 GiB and more, put in parts, arrives whole',
  async () => {
    const size = 64 * MEBIBYTE;
    const count = 82;
    await east.putInParts('photos', 'film', pieces(count, size));

    const { seconds, mebibytes } = await arrived();

    console.log(
      `${(count * size) / MEBIBYTE} MiB were there ${seconds} s later; at most ${mebibytes} MiB of memory`,
    );
    const numbers = Array.from({ length: count }, (_, number) => number);
    for (const number of numbers) expect(await numberAt(number * size)).toBe(number);
    expect(rules.map(({ id }) => running.telemetry.totals(id).retried)).toEqual([0, 0]);
  },
  within,
);

test.skipIf(!isWanted)(
  'an object of 1 GiB, put in one piece, arrives whole and keeps its MD5 as ETag',
  async () => {
    const size = 16 * MEBIBYTE;
    const Body = Readable.from(pieces(64, size));
    const about = { Body, ContentLength: 64 * size };
    await east.put('photos', 'disk', '', about);

    const { seconds, mebibytes } = await arrived();

    console.log(`1024 MiB were there ${seconds} s later; at most ${mebibytes} MiB of memory`);
    const [line] = await listVersions(west, 'photos', 'disk');
    expect(line).toMatchObject({ size: 64 * size, etag: expect.stringMatching(/^"[0-9a-f]{32}"$/) });
  },
  within,
);
