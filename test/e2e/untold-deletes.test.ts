/** Delete markers and purges that no event told of: the walk finds them, without a guess. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import type { Link } from '../../functions/ports.ts';
import { readLetters } from '../../infra/bus/kept-letters.ts';
import { type Application, applicationAt } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { forceDelete, withoutEvents } from './loss.ts';
import { links } from './rules.ts';
import { versionIds } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const walking = { scan: { every: '1s' } };
const rules = links(
  { name: 'untold', sites: ['east', 'west'], bucket: 'untold', spec: walking },
  { name: 'many', sites: ['east', 'west'], bucket: 'many', direction: 'one-way', spec: walking },
  {
    name: 'held',
    sites: ['east', 'west'],
    bucket: 'held',
    direction: 'one-way',
    spec: { ...walking, metadataChanges: false },
  },
);
let world: World;
let running: Running;
let east: Application;
let west: Application;

beforeAll(async () => {
  const buckets = [{ name: 'untold' }, { name: 'many' }, { name: 'held', objectLock: true }];
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

describe('what no event told', () => {
  const both = (prefix: string) => agreed([east, west], { bucket: 'untold', prefix });
  const unheard = (site: string, work: () => Promise<void>) => withoutEvents(world, site, 'untold', work);

  test('a purge at the origin is found by the walk', async () => {
    const ref = await east.put('untold', 'purge/key', 'x');
    const kept = await east.put('untold', 'purge/key', 'y');
    await both('purge/');
    await unheard('east', () => east.purge(ref));

    await eventually(async () =>
      expect(await versionIds(west, 'untold', 'purge/')).toEqual([kept.versionId]),
    );
    expect(await versionIds(east, 'untold', 'purge/')).toEqual([kept.versionId]);
  });

  test('a marker, and then its purge, are found by the walk', async () => {
    await east.put('untold', 'marker/key', 'x');
    await both('marker/');
    let marker: VersionRef | undefined;
    await unheard('east', async () => {
      marker = await east.remove('untold', 'marker/key');
    });
    const hidden = await both('marker/');
    await unheard('east', async () => {
      if (marker) await east.purge(marker);
    });
    const shown = await both('marker/');

    expect(hidden[0]).toMatchObject({ kind: 'marker', latest: true });
    expect(shown).toMatchObject([{ kind: 'object', latest: true }]);
  });

  test('all versions under a prefix, removed at one stroke, are found by the walk', async () => {
    for (const n of [1, 2, 3]) {
      await east.put('untold', `stroke/${n}`, 'x');
      await east.remove('untold', `stroke/${n}`);
    }
    await both('stroke/');
    await forceDelete(world, 'east', 'untold', 'stroke');

    await eventually(async () => expect(await versionIds(west, 'untold', 'stroke/')).toEqual([]));
    expect(await versionIds(east, 'untold', 'stroke/')).toEqual([]);
  });

  test('a purge of a replica is undone: the origin has the version', async () => {
    const ref = await east.put('untold', 'undone/key', 'x');
    await both('undone/');
    const before = total('untold_east_west').restored;
    await unheard('west', () => west.purge(ref));
    await eventually(async () =>
      expect(await versionIds(west, 'untold', 'undone/')).toEqual([ref.versionId]),
    );
    await walked(running, of('untold'), 3);

    expect(await versionIds(east, 'untold', 'undone/')).toEqual([ref.versionId]);
    expect(total('untold_east_west').restored).toBe(before + 1);
  });

  test('more at once than anybody purges in silence is kept and counted', async () => {
    const keys = Array.from({ length: 150 }, (_, n) => `key-${n}`);
    const refs = await Promise.all(keys.map((key) => east.put('many', key, 'x')));
    await agreed([east, west], { bucket: 'many' });
    await withoutEvents(world, 'east', 'many', () => east.removeMany('many', refs));
    await walked(running, of('many'), 3);

    expect(await versionIds(east, 'many')).toEqual([]);
    expect(await versionIds(west, 'many')).toHaveLength(150);
    expect(total('many_east_west').orphans).toBeGreaterThanOrEqual(150);
  });
});

describe('a version that the target must keep', () => {
  const lettersOf = async (reason: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const letter of readLetters(running.bus, {})) {
      if (letter.reason.includes(reason)) found.push(letter.reason);
    }
    return found;
  };
  const until = new Date('2099-01-01T00:00:00Z');

  test('is not purged while it must be kept, and that is said once', async () => {
    const reasons = ['legal hold', 'GOVERNANCE retention', 'COMPLIANCE retention'] as const;
    const refs = await Promise.all(reasons.map((reason) => east.put('held', `${reason}/key`, 'x')));
    const [onHold, governed, complied] = refs;
    if (!onHold || !governed || !complied) throw new Error('unreachable');
    await agreed([east, west], { bucket: 'held' });
    await west.hold(onHold, 'ON');
    await west.retain(governed, 'GOVERNANCE', until);
    await west.retain(complied, 'COMPLIANCE', until);
    for (const ref of refs) await east.purge(ref);
    for (const reason of reasons) {
      await eventually(async () => expect(await lettersOf(reason)).toHaveLength(1));
    }
    await walked(running, of('held'), 6);

    expect(await versionIds(west, 'held')).toHaveLength(3);
    for (const reason of reasons) {
      const words = expect.stringContaining(`west must keep this version: ${reason}`);
      expect(await lettersOf(reason)).toEqual([words]);
    }
  });

  test('is purged by the walk when nothing keeps it any longer', async () => {
    const ref = await east.put('held', 'released', 'x');
    await agreed([east, west], { bucket: 'held', prefix: 'released' });
    await west.hold(ref, 'ON');
    await east.purge(ref);
    await quiet(running, of('held'));
    await west.hold(ref, 'OFF');

    await eventually(async () => expect(await versionIds(west, 'held', 'released')).toEqual([]));
  });
});
