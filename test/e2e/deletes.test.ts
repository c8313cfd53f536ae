/** Delete markers and purges: told by events they are mirrored, and untold they are found without a guess. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import type { Link } from '../../functions/ports.ts';
import { readLetters } from '../../infra/bus/kept-letters.ts';
import { announceChanges, createBucket } from '../../infra/sites/setup.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { announce, forceDelete, notification, withoutEvents } from './loss.ts';
import { links } from './rules.ts';
import { listVersions } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const told = { scan: { every: '1h' } };
const walking = { scan: { every: '1s' } };
const rules = links(
  { name: 'told', sites: ['east', 'west'], bucket: 'told', spec: told },
  { name: 'untold', sites: ['east', 'west'], bucket: 'untold', spec: walking },
  { name: 'many', sites: ['east', 'west'], bucket: 'many', direction: 'one-way', spec: walking },
  { name: 'anew', sites: ['east', 'west'], bucket: 'anew', direction: 'one-way', spec: walking },
  { name: 'anew-both', sites: ['east', 'west'], bucket: 'anew-both', spec: walking },
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
  const names = [...new Set(rules.map(({ source }) => source.bucket))];
  const buckets = names.map((name) => ({ name, objectLock: name === 'held' }));
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
const ids = async (site: Application, bucket: string, prefix = ''): Promise<string[]> =>
  (await listVersions(site, bucket, prefix)).map(({ versionId }) => versionId);

describe('what events tell', () => {
  const both = (prefix: string) => agreed([east, west], { bucket: 'told', prefix });

  test('a delete marker hides the key at the other site, and its purge shows it again', async () => {
    await east.put('told', 'marker/key', 'x');
    const marker = await east.remove('told', 'marker/key');
    const hidden = await both('marker/');
    await east.purge(marker);
    const shown = await both('marker/');

    expect(hidden.map(({ kind, latest }) => [kind, latest])).toEqual([
      ['marker', true],
      ['object', false],
    ]);
    expect(shown.map(({ kind, latest }) => [kind, latest])).toEqual([['object', true]]);
  });

  test('deleting a key that is deleted already leaves its one marker', async () => {
    await east.put('told', 'twice/key', 'x');
    const first = await east.remove('told', 'twice/key');
    await both('twice/');
    await east.remove('told', 'twice/key');
    await west.remove('told', 'twice/key');
    await quiet(running, of('told'));

    const lines = await both('twice/');

    expect(lines).toMatchObject([{ versionId: first.versionId, kind: 'marker' }, { kind: 'object' }]);
  });

  test('a purge removes that version and no other, and the key may be written again', async () => {
    const first = await east.put('told', 'purge/key', 'first');
    const second = await east.put('told', 'purge/key', 'second');
    await both('purge/');
    await east.purge(second);
    await both('purge/');
    await east.purge(first);
    await both('purge/');
    const third = await east.put('told', 'purge/key', 'third');

    const lines = await both('purge/');

    expect(lines.map(({ versionId }) => versionId)).toEqual([third.versionId]);
  });

  test('a purge where the replica is reaches the origin', async () => {
    const kept = await east.put('told', 'replica/key', 'kept');
    const purged = await east.put('told', 'replica/key', 'purged');
    await both('replica/');
    await west.purge(purged);

    const lines = await agreed([west, east], { bucket: 'told', prefix: 'replica/' });

    expect(lines.map(({ versionId }) => versionId)).toEqual([kept.versionId]);
  });

  test('one request may remove many, versions and markers alike', async () => {
    const refs = await Promise.all([0, 1, 2, 3].map((n) => east.put('told', `multi/${n}`, 'x')));
    await both('multi/');
    await east.removeMany('told', [...refs.slice(0, 2), { key: 'multi/2' }, { key: 'multi/3' }]);

    const lines = await both('multi/');

    expect(lines.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      'multi/2 marker',
      'multi/2 object',
      'multi/3 marker',
      'multi/3 object',
    ]);
  });

  test('deleting a key that is not there does nothing anywhere', async () => {
    await east.remove('told', 'nowhere/key');
    await east.put('told', 'nowhere/witness', 'x');

    const lines = await both('nowhere/');

    expect(lines.map(({ key }) => key)).toEqual(['nowhere/witness']);
  });

  test('a removal that names no version takes replicas, and nothing that was written at the other site', async () => {
    await east.put('told', 'all/key', 'from east');
    await east.remove('told', 'all/key');
    await both('all/');
    let own: VersionRef | undefined;
    await withoutEvents(world, 'west', 'told', async () => {
      own = await west.put('told', 'all/key', 'from west');
    });
    await forceDelete(world, 'east', 'told', 'all/key');
    await announce(running.bus, 'east', notification('ObjectRemoved:DeleteAllVersions', 'told', 'all/key'));

    await eventually(async () => expect((await ids(west, 'told', 'all/')).length).toBeLessThan(2));
    await quiet(running, of('told'));
    expect(await ids(west, 'told', 'all/')).toEqual([own?.versionId]);
  });

  test('what is gone before its event is looked at is no error', async () => {
    const brief = Array.from({ length: 30 }, async (_, n) => {
      await east.purge(await east.put('told', `brief/${n}`, 'x'));
    });
    await Promise.all(brief);
    await quiet(running, of('told'));

    expect(await both('brief/')).toEqual([]);
    expect(of('told').map(({ id }) => total(id).parked)).toEqual([0, 0]);
  });
});

describe('what no event told', () => {
  const both = (prefix: string) => agreed([east, west], { bucket: 'untold', prefix });
  const unheard = (site: string, work: () => Promise<void>) => withoutEvents(world, site, 'untold', work);

  test('a purge at the origin is found by the walk', async () => {
    const ref = await east.put('untold', 'purge/key', 'x');
    const kept = await east.put('untold', 'purge/key', 'y');
    await both('purge/');
    await unheard('east', () => east.purge(ref));

    await eventually(async () => expect(await ids(west, 'untold', 'purge/')).toEqual([kept.versionId]));
    expect(await ids(east, 'untold', 'purge/')).toEqual([kept.versionId]);
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

    await eventually(async () => expect(await ids(west, 'untold', 'stroke/')).toEqual([]));
    expect(await ids(east, 'untold', 'stroke/')).toEqual([]);
  });

  test('a purge of a replica is undone: the origin has the version', async () => {
    const ref = await east.put('untold', 'undone/key', 'x');
    await both('undone/');
    const before = total('untold_east_west').restored;
    await unheard('west', () => west.purge(ref));
    await eventually(async () => expect(await ids(west, 'untold', 'undone/')).toEqual([ref.versionId]));
    await walked(running, of('untold'), 3);

    expect(await ids(east, 'untold', 'undone/')).toEqual([ref.versionId]);
    expect(total('untold_east_west').restored).toBe(before + 1);
  });

  test('more at once than anybody purges in silence is kept and counted', async () => {
    const keys = Array.from({ length: 150 }, (_, n) => `key-${n}`);
    const refs = await Promise.all(keys.map((key) => east.put('many', key, 'x')));
    await agreed([east, west], { bucket: 'many' });
    await withoutEvents(world, 'east', 'many', () => east.removeMany('many', refs));
    await walked(running, of('many'), 3);

    expect(await ids(east, 'many')).toEqual([]);
    expect(await ids(west, 'many')).toHaveLength(150);
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

    expect(await ids(west, 'held')).toHaveLength(3);
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

    await eventually(async () => expect(await ids(west, 'held', 'released')).toEqual([]));
  });
});

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
    await eventually(async () => expect(await ids(west, 'anew', 'witness')).toHaveLength(1));
    await quiet(running, of('anew'));
    const after = await listVersions(west, 'anew', 'old/');
    const fresh = await east.put('anew', 'fresh', 'x');

    await eventually(async () => expect(await ids(west, 'anew', 'fresh')).toEqual([fresh.versionId]));
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
    expect(await ids(west, 'anew-both')).toEqual(before.map(({ versionId }) => versionId));
    await eventually(async () =>
      expect(await ids(east, 'anew-both', 'west/')).toEqual(await ids(west, 'anew-both', 'west/')),
    );
  });
});

describe('a source that does not answer', () => {
  test('loses nothing at its replicas', async () => {
    const { server } = siteOf(world, 'east');
    const before = await listVersions(west, 'untold');
    await server.stop();
    await eventually(async () => {
      const states = (await running.deployment.status()).map(
        ({ state, reason = '' }) => `${state} ${reason}`,
      );
      expect(
        states.filter((state) => /^paused .*site east does not answer/.test(state)).length,
      ).toBeGreaterThan(0);
    });
    await west.put('untold', 'meanwhile', 'x');
    await server.start();
    await walked(running, of('untold'), 3);

    expect(await listVersions(west, 'untold')).toEqual(expect.arrayContaining(before));
    await agreed([west, east], { bucket: 'untold' });
  });
});
