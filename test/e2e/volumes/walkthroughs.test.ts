/** What volumes are replicated for, as knative/volumes.md tells it; directories stand for mounted volumes. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { change, fill } from './content.ts';
import { differences } from './tree.ts';
import { addedBy, apart, bucket, rules, setupMs, startVolumeWorld, type VolumeWorld } from './world.ts';

let volumes: VolumeWorld;
/** A volume in use, and shipped. */
let production: string;
let running: Awaited<ReturnType<VolumeWorld['world']['deploy']>>;
beforeAll(async () => {
  volumes = await startVolumeWorld();
  running = await volumes.world.deploy(rules);
  production = await volumes.volume();
  await fill(production);
  expect((await volumes.ship('paris', production, { sync: 'night', claim: 'production' }).ended).code).toBe(
    0,
  );
}, setupMs);
afterAll(async () => {
  await running?.stop();
  await volumes?.stop();
});

test('fail over, write there, fail back: only what is new crosses', async () => {
  const [paris, tokyo] = [await volumes.volume(), await volumes.volume()];
  await fill(paris);
  const first = await volumes.ship('paris', paris, { sync: 'before' }).ended;
  await volumes.arrived('tokyo', tokyo, { sync: 'before' });

  await change(tokyo, 'written-at-tokyo');
  const back = await volumes.ship('tokyo', tokyo, { sync: 'back' }).ended;
  await volumes.arrived('paris', paris, { sync: 'back' });
  expect(await differences(tokyo, paris)).toBe('');
  expect(addedBy(back)).toBeLessThan(addedBy(first) / 2);

  await change(paris, 'home-again');
  expect((await volumes.ship('paris', paris, { sync: 'after' }).ended).code).toBe(0);
  await volumes.arrived('tokyo', tokyo, { sync: 'after' });
  expect(await differences(paris, tokyo)).toBe('');
});

test('a copy to analyse is taken by one who may only read, and leaves no trace at either site', async () => {
  const copy = await volumes.volume();
  const before = await volumes.keys('paris', bucket, 'production');

  await volumes.arrived('tokyo', copy, { sync: 'night', claim: 'production' });

  expect(await differences(production, copy)).toBe('');
  for (const site of ['paris', 'tokyo'] as const) {
    expect(await volumes.keys(site, bucket, 'production')).toEqual(before);
  }
});

test('a clone of production for tests may be written to, and is made what production is again', async () => {
  const clone = await volumes.volume();
  await volumes.arrived('paris', clone, { sync: 'night', claim: 'production' });
  await change(clone, 'a-test-broke-it');
  expect(await differences(production, clone)).not.toBe('');

  await volumes.arrived('paris', clone, { sync: 'night', claim: 'production' });

  expect(await differences(production, clone)).toBe('');
});

test('a migration ends with a last, quiesced sync that is small, and loses nothing', async () => {
  const [old, fresh] = [await volumes.volume(), await volumes.volume()];
  await fill(old);
  const whole = await volumes.ship('paris', old, { sync: 'while-in-use', claim: 'moved' }).ended;
  await volumes.arrived('tokyo', fresh, { sync: 'while-in-use', claim: 'moved' });
  await change(old, 'still-in-use');

  // The application is stopped here.
  const last = await volumes.ship('paris', old, { sync: 'quiesced', claim: 'moved' }).ended;
  await volumes.arrived('tokyo', fresh, { sync: 'quiesced', claim: 'moved' });

  expect(await differences(old, fresh)).toBe('');
  expect(addedBy(last)).toBeLessThan(addedBy(whole) / 2);
});

test('a site that takes over a repository of which a part is lost stores that part again', async () => {
  const [source, there, back] = [await volumes.volume(), await volumes.volume(), await volumes.volume()];
  for (const directory of [source, there]) await writeFile(join(directory, 'file'), 'the same at both');
  const claim = 'lost';
  await volumes.ship('paris', source, { sync: 'one', claim, bucket: apart }).ended;
  const keys = await volumes.keys('paris', apart, claim);
  await Promise.all(keys.filter((key) => !key.includes('/data/')).map(volumes.carry));

  const taken = await volumes.ship('tokyo', there, { sync: 'two', claim, bucket: apart }).ended;
  const restored = await volumes.restore('tokyo', back, { claim, bucket: apart }).ended;

  expect([taken.code, restored.code]).toEqual([0, 0]);
  expect(await differences(there, back)).toBe('');
});

test('the repository keeps so many snapshots, and shipments of no others', async () => {
  const source = await volumes.volume();
  for (const sync of ['one', 'two', 'three']) {
    await writeFile(join(source, 'file'), sync.repeat(100_000));
    expect((await volumes.ship('paris', source, { sync, claim: 'kept', keepLast: 1 }).ended).code).toBe(0);
  }

  const shipments = (await volumes.keys('paris', bucket, 'kept')).filter((key) =>
    key.includes('/shipments/'),
  );
  // One is kept while the next is stored.
  expect(shipments.map((key) => key.split('_')[2])).toEqual(['two', 'three']);
  const back = await volumes.volume();
  await volumes.arrived('paris', back, { sync: 'three', claim: 'kept' });
  expect(await differences(source, back)).toBe('');
});
