/** Volumes arrive as they were, and never in part. */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeEvent } from '../../../events/cloudevent.ts';
import { snapshotSubject } from '../../../events/subjects.ts';
import { readStream } from '../../../infra/bus/read-stream.ts';
import { streamNames } from '../../../infra/bus/streams.ts';
import { change, fill } from './content.ts';
import { differences } from './tree.ts';
import {
  addedBy,
  apart,
  bucket,
  password,
  rules,
  setupMs,
  startVolumeWorld,
  type VolumeWorld,
} from './world.ts';

let volumes: VolumeWorld;
let running: Awaited<ReturnType<VolumeWorld['world']['deploy']>>;
beforeAll(async () => {
  volumes = await startVolumeWorld();
  running = await volumes.world.deploy(rules);
}, setupMs);
afterAll(async () => {
  await running?.stop();
  await volumes?.stop();
});

const restoredWithin = (destination: string, sync: string, claim = 'orders') =>
  volumes.arrived('tokyo', destination, { sync, claim });

test('a volume that was shipped at one site is at the other as it was, and what else was there is gone', async () => {
  const [source, destination] = [await volumes.volume(), await volumes.volume()];
  await fill(source);
  await mkdir(join(source, 'lost+found'), { mode: 0o700 });
  await mkdir(join(destination, 'lost+found'), { mode: 0o755 });
  await writeFile(join(destination, 'stranger'), 'not in the snapshot');

  const shipped = await volumes.ship('paris', source, { sync: 'first' }).ended;
  expect(shipped).toMatchObject({ code: 0, event: { type: 'dev.causeway.snapshot.shipped.v1' } });
  const restored = await restoredWithin(destination, 'first');

  expect(restored).toMatchObject({
    event: {
      type: 'dev.causeway.snapshot.restored.v1',
      data: { at: 'tokyo', sync: 'first', volume: { site: 'paris' } },
    },
  });
  const told = readStream(running.bus, streamNames.events, { subjects: [snapshotSubject('paris')] });
  const events = await Array.fromAsync(told, ({ data }) => decodeEvent(data));
  expect(events.map(({ type, subject }) => [type, subject])).toEqual([
    ['dev.causeway.snapshot.shipped.v1', 'shop/orders'],
    ['dev.causeway.snapshot.restored.v1', 'shop/orders'],
  ]);
  // Each volume has its own.
  expect((await stat(join(destination, 'lost+found'))).mode & 0o777).toBe(0o755);
  expect(await differences(source, destination)).toBe('');
  const { blocks, size } = await stat(join(destination, 'sparse'));
  expect([size, blocks * 512 < size / 8]).toEqual([64 * 1024 * 1024, true]);
});

test('what changed is carried, and only that', async () => {
  const [source, destination] = [await volumes.volume(), await volumes.volume()];
  await fill(source);
  const first = await volumes.ship('paris', source, { sync: 'one', claim: 'changing' }).ended;
  await restoredWithin(destination, 'one', 'changing');

  await change(source, 'later');
  const second = await volumes.ship('paris', source, { sync: 'two', claim: 'changing' }).ended;
  await restoredWithin(destination, 'two', 'changing');

  expect(await differences(source, destination)).toBe('');
  expect(addedBy(second)).toBeLessThan(addedBy(first) / 2);
});

test('an empty volume arrives empty', async () => {
  const [source, destination] = [await volumes.volume(), await volumes.volume()];
  await writeFile(join(destination, 'old'), 'old');

  expect((await volumes.ship('paris', source, { sync: 'nothing', claim: 'empty' }).ended).code).toBe(0);
  await restoredWithin(destination, 'nothing', 'empty');

  expect(await readdir(destination)).toEqual([]);
});

test('one sync is shipped once, however often its Job is tried', async () => {
  const source = await volumes.volume();
  await writeFile(join(source, 'file'), 'as it was');
  const first = await volumes.ship('paris', source, { sync: 'again', claim: 'twice' }).ended;
  await writeFile(join(source, 'file'), 'changed meanwhile');

  const second = await volumes.ship('paris', source, { sync: 'again', claim: 'twice' }).ended;

  expect(second.event?.data).toEqual(first.event?.data);
});

test('a shipment that has not arrived whole is waited for, and nothing is touched until it has', async () => {
  const [source, destination] = [await volumes.volume(), await volumes.volume()];
  await writeFile(join(source, 'file'), 'content');
  await writeFile(join(destination, 'before'), 'still here');
  const claim = 'partly';
  expect((await volumes.ship('paris', source, { sync: 'one', claim, bucket: apart }).ended).code).toBe(0);
  const keys = await volumes.keys('paris', apart, claim);
  const isLate = (key: string): boolean => key.includes('/data/');
  await Promise.all(keys.filter((key) => !isLate(key)).map(volumes.carry));

  const restoring = volumes.restore('tokyo', destination, { claim, bucket: apart });
  await restoring.says(/of \d+ files have not arrived: data\//);
  expect(await readdir(destination)).toEqual(['before']);
  await Promise.all(keys.filter(isLate).map(volumes.carry));

  expect((await restoring.ended).code).toBe(0);
  expect(await readdir(destination)).toEqual(['file']);
});

test('keys that may not write are told of, whether there is a repository or not', async () => {
  const source = await volumes.volume();
  await writeFile(join(source, 'file'), 'content');
  const claim = 'forbidden';
  const refused = await volumes.ship('paris', source, { sync: 'one', claim }, 'reader').ended;
  expect([refused.code, refused.words]).toEqual([1, expect.stringMatching(/Access ?Denied/i)]);
  expect((await volumes.ship('paris', source, { sync: 'one', claim }).ended).code).toBe(0);

  const again = await volumes.ship('paris', source, { sync: 'two', claim }, 'reader').ended;

  expect([again.code, again.words]).toEqual([1, expect.stringMatching(/Access ?Denied/i)]);
  const shipments = (await volumes.keys('paris', bucket, claim)).filter((key) => key.includes('/shipments/'));
  expect(shipments).toHaveLength(1);
});

test('it says what is wrong, and nothing that is secret', async () => {
  const source = await volumes.volume();
  const [missing, mover] = [
    await volumes.restore('tokyo', source, { claim: 'nobody', waitSeconds: 0 }).ended,
    volumes.ship('paris', source, { sync: 'x', bucket: 'not-there', claim: 'nobody' }),
  ];
  const refused = await mover.ended;

  expect([missing.code, missing.words]).toEqual([1, expect.stringContaining('no shipment has arrived')]);
  expect([refused.code, refused.words]).toEqual([1, expect.stringMatching(/AccessDenied|NoSuchBucket/)]);
  expect(`${refused.words} ${mover.args.join(' ')}`).not.toContain(password);
  expect(`${refused.words} ${mover.args.join(' ')}`).not.toContain('writer-secret');
});
