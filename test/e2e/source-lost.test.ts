/** A source that is lost: its bucket vanishes and is made anew, or the site does not answer. No replica goes with it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../../functions/ports.ts';
import { announceChanges, createBucket } from '../../infra/sites/setup.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { announce, forceDelete, notification } from './loss.ts';
import { links } from './rules.ts';
import { listVersions, versionIds } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const walking = { scan: { every: '1s' } };
const rules = links(
  { name: 'anew', sites: ['east', 'west'], bucket: 'anew', direction: 'one-way', spec: walking },
  { name: 'anew-both', sites: ['east', 'west'], bucket: 'anew-both', spec: walking },
  { name: 'away', sites: ['east', 'west'], bucket: 'away', spec: walking },
);
let world: World;
let running: Running;
let east: Application;
let west: Application;

beforeAll(async () => {
  const buckets = ['anew', 'anew-both', 'away'].map((name) => ({ name }));
  world = await startWorld(['east', 'west'], buckets);
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const of = (rule: string): Link[] => rules.filter((link) => link.rule === rule);
const total = (link: string) => running.telemetry.totals(link);

describe('a source bucket that vanished', () => {
  const fill = async (site: Application, bucket: string, prefix: string): Promise<void> => {
    for (const n of [1, 2, 3]) {
      await site.put(bucket, `${prefix}/${n}`, 'first');
      await site.put(bucket, `${prefix}/${n}`, 'second');
    }
    await site.remove(bucket, `${prefix}/3`);
  };
  const vanish = async (bucket: string): Promise<void> => {
    await forceDelete(world, 'east', bucket);
    await eventually(async () => {
      const states = await running.deployment.status();
      expect(states.find(({ link }) => link === `${bucket}_east_west`)).toMatchObject({
        state: 'broken',
        reason: `site east refuses: bucket ${bucket} does not exist there`,
      });
    });
  };
  const make = async (bucket: string): Promise<void> => {
    await createBucket(east.client, { name: bucket });
    await announceChanges(east.client, bucket, siteOf(world, 'east').server.notificationArns);
  };

  test('leaves every replica; made anew, nothing is removed for being absent in it, by late events neither', async () => {
    await fill(east, 'anew', 'old');
    const before = await agreed([east, west], { bucket: 'anew' });
    await vanish('anew');
    const whileAway = await listVersions(west, 'anew');
    await make('anew');
    await walked(running, of('anew'), 4);
    const marker = before.find(({ kind }) => kind === 'marker');
    for (const name of ['DeleteMarkerCreated', 'Delete']) {
      const late = notification(`ObjectRemoved:${name}`, 'anew', marker?.key ?? '', marker?.versionId);
      await announce(running.bus, 'east', late);
    }
    await east.put('anew', 'witness', 'x');
    await eventually(async () => expect(await versionIds(west, 'anew', 'witness')).toHaveLength(1));
    await quiet(running, of('anew'));
    const after = await listVersions(west, 'anew', 'old/');
    const fresh = await east.put('anew', 'fresh', 'x');

    await eventually(async () => expect(await versionIds(west, 'anew', 'fresh')).toEqual([fresh.versionId]));
    expect(before).toHaveLength(7);
    expect(whileAway).toEqual(before.map(({ content: _, ...line }) => line));
    expect(after).toEqual(whileAway);
    expect(total('anew_east_west').orphans).toBeGreaterThanOrEqual(7);
  });

  test('gets back what began at the other site of a two-way rule, which loses nothing', async () => {
    await fill(east, 'anew-both', 'east');
    await fill(west, 'anew-both', 'west');
    const before = await agreed([east, west], { bucket: 'anew-both' });
    await vanish('anew-both');
    await make('anew-both');
    await walked(running, of('anew-both'), 4);

    expect(before).toHaveLength(14);
    expect(await versionIds(west, 'anew-both')).toEqual(before.map(({ versionId }) => versionId));
    await eventually(async () =>
      expect(await versionIds(east, 'anew-both', 'west/')).toEqual(
        await versionIds(west, 'anew-both', 'west/'),
      ),
    );
  });
});

describe('a source that does not answer', () => {
  test('loses nothing at its replicas', async () => {
    const { server } = siteOf(world, 'east');
    for (const site of [east, west]) await site.put('away', `of/${site === east}`, 'x');
    const before = await agreed([east, west], { bucket: 'away' });
    await server.stop();
    await eventually(async () => {
      const states = (await running.deployment.status()).map(
        ({ state, reason = '' }) => `${state} ${reason}`,
      );
      expect(
        states.filter((state) => /^paused .*site east does not answer/.test(state)).length,
      ).toBeGreaterThan(0);
    });
    await west.put('away', 'meanwhile', 'x');
    await server.start();
    await walked(running, of('away'), 3);

    expect(await listVersions(west, 'away')).toEqual(
      expect.arrayContaining(before.map(({ content: _, ...line }) => line)),
    );
    await agreed([west, east], { bucket: 'away' });
  });
});
