/** Delete markers and purges that events tell of. The walk comes once an hour here: all this is the events' doing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import { type Application, applicationAt } from './application.ts';
import { agreed, eventually, quiet } from './awaiting.ts';
import { announce, forceDelete, notification, withoutEvents } from './loss.ts';
import { links } from './rules.ts';
import { versionIds } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const rules = links({
  name: 'told',
  sites: ['east', 'west'],
  bucket: 'told',
  spec: { scan: { every: '1h' } },
});
let world: World;
let running: Running;
let east: Application;
let west: Application;

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: 'told' }]);
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const total = (link: string) => running.telemetry.totals(link);

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
    await quiet(running, rules);

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

    await eventually(async () => expect((await versionIds(west, 'told', 'all/')).length).toBeLessThan(2));
    await quiet(running, rules);
    expect(await versionIds(west, 'told', 'all/')).toEqual([own?.versionId]);
  });

  test('what is gone before its event is looked at is no error', async () => {
    const brief = Array.from({ length: 30 }, async (_, n) => {
      await east.purge(await east.put('told', `brief/${n}`, 'x'));
    });
    await Promise.all(brief);
    await quiet(running, rules);

    expect(await both('brief/')).toEqual([]);
    expect(rules.map(({ id }) => total(id).parked)).toEqual([0, 0]);
  });
});
