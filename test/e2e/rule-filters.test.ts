/** What a rule lets through: keys, tags, priorities, and the kinds of change that it says it leaves alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../../functions/ports.ts';
import { type Application, applicationAt } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { links } from './rules.ts';
import { contentOf, listVersions } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const scan = { scan: { every: '2s' } };
const oneWay = (name: string, spec: object = {}) => ({
  name,
  sites: ['east', 'west'],
  bucket: name,
  direction: 'one-way' as const,
  spec: { ...scan, ...spec },
});
const source = (bucket: string, filter: object) => ({ source: { site: 'east', bucket, ...filter } });
const rules = links(
  oneWay('keys', source('keys', { prefix: 'in/', exclude: ['in/tmp/', '*.bak'] })),
  oneWay('tagged', source('tagged', { tags: { send: 'yes' } })),
  oneWay('high', {
    targets: [{ site: 'west', bucket: 'shared' }],
    priority: 2,
    ...source('high', { prefix: 'top/' }),
  }),
  oneWay('low', { targets: [{ site: 'west', bucket: 'shared' }], priority: 1 }),
  oneWay('no-markers', { deleteMarkers: false }),
  oneWay('no-purges', { versionPurges: false }),
  oneWay('no-metadata', { metadataChanges: false }),
);
let world: World;
let running: Running;
let east: Application;
let west: Application;

beforeAll(async () => {
  const names = new Set(rules.flatMap((link) => [link.source.bucket, link.target.bucket]));
  const buckets = [...names].map((name) => ({ name }));
  world = await startWorld(['east', 'west'], buckets);
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const of = (rule: string): Link[] => rules.filter((link) => link.rule === rule);
const keysAt = async (site: Application, bucket: string, prefix = ''): Promise<string[]> =>
  (await listVersions(site, bucket, prefix)).map(({ key, kind }) =>
    kind === 'marker' ? `${key} deleted` : key,
  );

describe.concurrent('a rule lets through', () => {
  test('the keys that its prefix and exclusions leave', async () => {
    for (const key of ['in/one', 'in/tmp/two', 'in/three.bak', 'out/four', 'in'])
      await east.put('keys', key, 'x');
    await east.remove('keys', 'out/four');
    await east.remove('keys', 'in/tmp/two');
    await eventually(async () => expect(await keysAt(west, 'keys')).toEqual(['in/one']));
    await walked(running, of('keys'), 2);

    expect(await keysAt(west, 'keys')).toEqual(['in/one']);
  });

  test('the versions that carry its tags, when they do', async () => {
    const later = await east.put('tagged', 'tags/later', 'x', { Tagging: 'send=no' });
    await east.put('tagged', 'tags/now', 'x', { Tagging: 'send=yes&other=1' });
    await east.put('tagged', 'tags/never', 'x');
    await eventually(async () => expect(await keysAt(west, 'tagged', 'tags/')).toEqual(['tags/now']));
    await east.tag(later, { send: 'yes' });
    const both = ['tags/later', 'tags/now'];
    await eventually(async () => expect(await keysAt(west, 'tagged', 'tags/')).toEqual(both));
    await walked(running, of('tagged'), 2);

    expect(await keysAt(west, 'tagged', 'tags/')).toEqual(both);
  });

  test('no delete marker of a key that it does not carry', async () => {
    await west.put('tagged', 'marker/own', 'of west');
    await east.put('tagged', 'marker/own', 'of east', { Tagging: 'send=no' });
    await east.remove('tagged', 'marker/own');
    await east.put('tagged', 'marker/sent', 'x', { Tagging: 'send=yes' });
    await east.remove('tagged', 'marker/sent');
    const right = ['marker/own', 'marker/sent deleted', 'marker/sent'];
    await eventually(async () => expect(await keysAt(west, 'tagged', 'marker/')).toEqual(right));
    await walked(running, of('tagged'), 2);

    expect(await keysAt(west, 'tagged', 'marker/')).toEqual(right);
  });

  test('what no rule of higher priority sends to the same place', async () => {
    await east.put('low', 'top/one', 'low');
    await east.put('low', 'two', 'low');
    await east.put('high', 'top/three', 'high');
    await east.put('high', 'four', 'high');
    await eventually(async () => expect(await keysAt(west, 'shared')).toEqual(['top/three', 'two']));
    await walked(running, [...of('low'), ...of('high')], 2);

    expect(await keysAt(west, 'shared')).toEqual(['top/three', 'two']);
  });

  test('no delete markers, if it says so; versions and purges go on', async () => {
    await east.put('no-markers', 'key', 'x');
    const purged = await east.put('no-markers', 'purged', 'x');
    await agreed([east, west], { bucket: 'no-markers' });
    await east.remove('no-markers', 'key');
    await east.purge(purged);
    await east.put('no-markers', 'key', 'y');
    await eventually(async () => expect(await keysAt(west, 'no-markers')).toEqual(['key', 'key']));
    await walked(running, of('no-markers'), 2);

    expect(await keysAt(west, 'no-markers')).toEqual(['key', 'key']);
  });

  test('no purges, if it says so; markers go on', async () => {
    const purged = await east.put('no-purges', 'purged', 'x');
    await east.put('no-purges', 'marked', 'x');
    await agreed([east, west], { bucket: 'no-purges' });
    await east.purge(purged);
    await east.remove('no-purges', 'marked');
    await eventually(async () => expect(await keysAt(west, 'no-purges')).toContain('marked deleted'));
    await walked(running, of('no-purges'), 3);

    expect(await keysAt(west, 'no-purges')).toEqual(['marked deleted', 'marked', 'purged']);
  });

  test('no later changes of tags, if it says so; the first ones come along', async () => {
    const ref = await east.put('no-metadata', 'key', 'x', { Tagging: 'turn=one' });
    await agreed([east, west], { bucket: 'no-metadata' });
    await east.tag(ref, { turn: 'two' });
    await quiet(running, of('no-metadata'));
    await walked(running, of('no-metadata'), 2);

    expect(await contentOf(west, ref)).toMatchObject({ tags: { turn: 'one' } });
  });
});

test('nothing of all this was parked', () => {
  expect(rules.filter(({ id }) => running.telemetry.totals(id).parked > 0)).toEqual([]);
});
