/** Three sites: a mesh of equals, a chain of two one-way rules, and a one-way target with a life of its own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import type { Link } from '../../functions/ports.ts';
import { announceChanges, createBucket } from '../../infra/sites/setup.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { forceDelete, withoutEvents } from './loss.ts';
import { links } from './rules.ts';
import { type Sends, watchSends } from './sends.ts';
import { contentOf, listVersions, versionIds } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const names = ['east', 'west', 'north'] as const;
const told = { scan: { every: '1h' } };
const rules = links(
  { name: 'mesh', sites: names, bucket: 'mesh', spec: { scan: { every: '2s' } } },
  { name: 'told', sites: names, bucket: 'told', spec: told },
  { name: 'anew', sites: names, bucket: 'anew', spec: { scan: { every: '2s' } } },
  { name: 'first', sites: ['east', 'west'], bucket: 'chain', direction: 'one-way', spec: told },
  { name: 'second', sites: ['west', 'north'], bucket: 'chain', direction: 'one-way', spec: told },
  {
    name: 'one-way',
    sites: ['east', 'west'],
    bucket: 'one-way',
    direction: 'one-way',
    spec: { scan: { every: '2s' } },
  },
);
let world: World;
let running: Running;
let east: Application;
let west: Application;
let north: Application;
let sends: readonly Sends[];

beforeAll(async () => {
  const buckets = ['mesh', 'told', 'anew', 'chain', 'one-way'].map((name) => ({ name }));
  world = await startWorld(names, buckets);
  sends = names.map((name) => watchSends(world.store(name)));
  running = await world.deploy(rules);
  [east, west, north] = [
    applicationAt(world, 'east'),
    applicationAt(world, 'west'),
    applicationAt(world, 'north'),
  ];
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const of = (rule: string): Link[] => rules.filter((link) => link.rule === rule);
const everywhere = (bucket: string, prefix: string) =>
  agreed([east, west, north], { bucket, prefix }, 60_000);

describe('a mesh of three sites', () => {
  test('sends each version to each other site once', async () => {
    const turns = Array.from({ length: 20 }, (_, turn) => turn);
    const written = await Promise.all(
      turns.flatMap((turn) =>
        [east, west, north].map((site) => site.put('told', `once/${turn % 5}`, `${turn}`)),
      ),
    );
    const lines = await everywhere('told', 'once/');
    await quiet(running, of('told'));

    expect(lines).toHaveLength(60);
    const times = sends.map((site) => written.map(({ versionId }) => site.counts().get(versionId) ?? 0));
    const perSite = [east, west, north].map((_, at) =>
      written.map((__, index) => (index % 3 === at ? 0 : 1)),
    );
    expect(times).toEqual(perSite);
    expect(of('told').map(({ id }) => running.telemetry.totals(id).arrived)).toEqual(
      of('told').map(() => 20),
    );
  });

  test('tells all of markers, tags and purges, wherever they are made', async () => {
    const refs = await Promise.all([0, 1, 2, 3].map((n) => east.put('told', `change/${n}`, 'x')));
    await everywhere('told', 'change/');
    const [first, second, third] = refs;
    if (!first || !second || !third) throw new Error('unreachable');
    await Promise.all([
      west.tag(first, { by: 'west' }),
      north.purge(second),
      west.purge(third),
      north.remove('told', 'change/3'),
    ]);

    await eventually(async () => {
      for (const site of [east, west, north]) {
        const lines = await listVersions(site, 'told', 'change/');
        expect(lines.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
          'change/0 object',
          'change/3 marker',
          'change/3 object',
        ]);
        expect(await contentOf(site, first)).toMatchObject({ tags: { by: 'west' } });
      }
    });
  });

  test('ends with one value where all three change the tags at once', async () => {
    const refs = await Promise.all(
      Array.from({ length: 12 }, (_, n) => [east, west, north][n % 3]?.put('mesh', `contest/${n}`, 'x')),
    );
    await everywhere('mesh', 'contest/');
    await Promise.all(
      refs.flatMap((ref) =>
        ref
          ? [east.tag(ref, { by: 'east' }), west.tag(ref, { by: 'west' }), north.tag(ref, { by: 'north' })]
          : [],
      ),
    );
    // Sites that are read one after the other may look as if they agreed while a change goes round.
    await quiet(running, of('mesh'));
    const lines = await everywhere('mesh', 'contest/');
    await walked(running, of('mesh'), 2);

    expect(await everywhere('mesh', 'contest/')).toEqual(lines);
  });

  test('finds at every site what no event told of', async () => {
    const ref = await east.put('mesh', 'untold/purged', 'x');
    await everywhere('mesh', 'untold/');
    let fresh: VersionRef | undefined;
    await withoutEvents(world, 'east', 'mesh', async () => {
      await east.purge(ref);
      fresh = await east.put('mesh', 'untold/fresh', 'x');
    });

    const lines = await everywhere('mesh', 'untold/');

    expect(lines.map(({ versionId }) => versionId)).toEqual([fresh?.versionId]);
  });

  test('keeps the last copy of what an origin lost with its bucket, though a third site never had it', async () => {
    const ref = await west.put('anew', 'key', 'x');
    await everywhere('anew', '');
    await running.stop();
    await withoutEvents(world, 'north', 'anew', () => north.purge(ref));
    await forceDelete(world, 'west', 'anew');
    await createBucket(west.client, { name: 'anew' });
    await announceChanges(west.client, 'anew', siteOf(world, 'west').server.notificationArns);
    running = await world.deploy(rules);
    await walked(running, of('anew'), 4);

    expect(await versionIds(east, 'anew', '')).toEqual([ref.versionId]);
    expect(running.telemetry.totals('anew_north_east').orphans).toBeGreaterThan(0);
  });

  test('goes on between two while the third is away, which then catches up', async () => {
    const { server } = siteOf(world, 'north');
    await server.stop();
    const ref = await east.put('mesh', 'away/put', 'x');
    const purged = await west.put('mesh', 'away/purged', 'x');
    await agreed([east, west], { bucket: 'mesh', prefix: 'away/' });
    await east.purge(purged);
    await west.tag(ref, { by: 'west' });
    await east.remove('mesh', 'away/put');
    await agreed([west, east], { bucket: 'mesh', prefix: 'away/' });
    await server.start();

    const lines = await everywhere('mesh', 'away/');

    expect(lines.map(({ kind }) => kind)).toEqual(['marker', 'object']);
    expect(lines[1]?.content).toMatchObject({ tags: { by: 'west' } });
  });
});

describe('a chain of two one-way rules', () => {
  test('brings versions, tags, markers and purges to its end', async () => {
    const small = await east.put('chain', 'end/small', 'small', { Tagging: 'turn=one' });
    const many = await Promise.all(
      Array.from({ length: 30 }, (_, n) => east.put('chain', `end/many/${n}`, `${n}`)),
    );
    await east.putInParts('chain', 'end/large', [Buffer.alloc(17 * 1024 * 1024, 7), Buffer.from('end')]);
    const before = await everywhere('chain', 'end/');
    await east.tag(small, { turn: 'two' });
    await eventually(async () =>
      expect(await contentOf(north, small)).toMatchObject({ tags: { turn: 'two' } }),
    );
    const marker = await east.remove('chain', 'end/small');
    await eventually(async () =>
      expect(await versionIds(north, 'chain', 'end/small')).toContain(marker.versionId),
    );
    await east.purge(marker);
    await east.purge(small);
    if (many[0]) await east.purge(many[0]);

    const after = await everywhere('chain', 'end/');

    expect(before).toHaveLength(32);
    expect(after).toHaveLength(30);
  });

  test('takes on what is written in its middle, and brings nothing back', async () => {
    const middle = await west.put('chain', 'middle/key', 'x');
    await eventually(async () =>
      expect(await versionIds(north, 'chain', 'middle/')).toEqual([middle.versionId]),
    );
    await west.remove('chain', 'middle/key');
    await eventually(async () => expect(await versionIds(north, 'chain', 'middle/')).toHaveLength(2));
    await quiet(running, [...of('first'), ...of('second')]);

    expect(await versionIds(east, 'chain', 'middle/')).toEqual([]);
  });
});

describe('the target of a one-way rule', () => {
  test('keeps what is written there, beside the replicas and as it was written', async () => {
    await east.put('one-way', 'shared', 'from east');
    await agreed([east, west], { bucket: 'one-way' });
    const own = await west.put('one-way', 'own', 'x', { Tagging: 'by=west' });
    const beside = await west.put('one-way', 'shared', 'from west');
    const marker = await west.remove('one-way', 'own');
    const newer = await east.put('one-way', 'shared', 'from east again');
    await eventually(async () =>
      expect(await versionIds(west, 'one-way', 'shared')).toContain(newer.versionId),
    );
    await walked(running, of('one-way'), 3);

    expect(await versionIds(west, 'one-way', 'own')).toEqual([marker.versionId, own.versionId]);
    expect(await versionIds(west, 'one-way', 'shared')).toEqual([
      newer.versionId,
      beside.versionId,
      expect.any(String),
    ]);
    expect(await contentOf(west, own)).toMatchObject({ tags: { by: 'west' } });
    expect(await versionIds(east, 'one-way', 'own')).toEqual([]);
    expect(await versionIds(east, 'one-way', 'shared')).not.toContain(beside.versionId);
  });

  test('gets a replica again that was purged there', async () => {
    const ref = await east.put('one-way', 'again', 'x');
    await agreed([east, west], { bucket: 'one-way', prefix: 'again' });
    await west.purge(ref);

    await agreed([east, west], { bucket: 'one-way', prefix: 'again' });
    expect(await versionIds(east, 'one-way', 'again')).toEqual([ref.versionId]);
  });
});

test('nothing of all this was parked', () => {
  expect(rules.filter(({ id }) => running.telemetry.totals(id).parked > 0)).toEqual([]);
});
