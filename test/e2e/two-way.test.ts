/** A two-way rule: both sites are written at once, nothing goes round in circles, and both end with the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import { type Application, applicationAt } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { links } from './rules.ts';
import { type Sends, watchSends } from './sends.ts';
import { contentOf, listVersions } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const bucket = 'photos';
const rules = links({ sites: ['east', 'west'], bucket, spec: { scan: { every: '1s' } } });
const once = (every: string) =>
  links({ name: 'once', sites: ['east', 'west'], bucket: 'once', spec: { scan: { every } } });
let world: World;
let running: Running;
let east: Application;
let west: Application;
let sends: Readonly<Record<'east' | 'west', Sends>>;

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: bucket }, { name: 'once' }]);
  sends = { east: watchSends(world.store('east')), west: watchSends(world.store('west')) };
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const both = (prefix: string) => agreed([east, west], { bucket, prefix });
const tagsAt = async (site: Application, ref: VersionRef): Promise<unknown> =>
  (await contentOf(site, ref)).tags;

describe('writing at both sites at once', () => {
  test('sends each version once, in one direction, and the walk does not send it again', async () => {
    const told = await world.deploy(once('1h'));
    const write = (site: Application, turn: number) => site.put('once', `key/${turn % 20}`, `turn ${turn}`);
    const turns = Array.from({ length: 120 }, (_, turn) => turn);
    const [atEast, atWest] = await Promise.all([
      Promise.all(turns.map((turn) => write(east, turn))),
      Promise.all(turns.map((turn) => write(west, turn))),
    ]);
    const lines = await agreed([east, west], { bucket: 'once' });
    await quiet(told, once('1h'));
    const arrived = once('1h').map(({ id }) => told.telemetry.totals(id).arrived);
    await told.stop();
    const walking = await world.deploy(once('1s'));
    await walked(walking, once('1s'), 2);
    await walking.stop();

    expect(lines).toHaveLength(240);
    expect(arrived).toEqual([120, 120]);
    const times = (site: 'east' | 'west', refs: readonly VersionRef[]) =>
      new Set(refs.map(({ versionId }) => sends[site].counts().get(versionId) ?? 0));
    expect(times('west', atEast)).toEqual(new Set([1]));
    expect(times('east', atWest)).toEqual(new Set([1]));
    expect(times('east', atEast)).toEqual(new Set([0]));
    expect(times('west', atWest)).toEqual(new Set([0]));
  });

  test('of one key gives one order, markers too', async () => {
    await Promise.all(
      Array.from({ length: 40 }, async (_, turn) => {
        const site = turn % 2 === 0 ? east : west;
        await site.put(bucket, 'order/key', `turn ${turn}`);
        if (turn % 5 === 0) await site.remove(bucket, 'order/key');
      }),
    );

    const lines = await both('order/');

    expect(lines.filter(({ kind }) => kind === 'object')).toHaveLength(40);
    expect(lines.filter(({ latest }) => latest)).toHaveLength(1);
  });
});

describe('keys of which one lies beneath the other', () => {
  test('written at one site each are both at both, and the walk takes neither away', async () => {
    const upper = await east.put(bucket, 'nested/a', 'upper');
    const lower = await west.put(bucket, 'nested/a/b', 'lower');
    await eventually(async () => {
      expect(await contentOf(west, upper)).toEqual(await contentOf(east, upper));
      expect(await contentOf(east, lower)).toEqual(await contentOf(west, lower));
    });
    await walked(running, rules, 4);

    for (const ref of [upper, lower]) {
      expect(await contentOf(west, ref)).toEqual(await contentOf(east, ref));
    }
  });

  test('lose no more than was removed', async () => {
    const upper = await east.put(bucket, 'pruned/a', 'upper');
    const lower = await east.put(bucket, 'pruned/a/b', 'lower');
    await eventually(async () => expect(await contentOf(west, lower)).toEqual(await contentOf(east, lower)));
    await east.purge(upper);
    await eventually(async () => {
      const lines = await listVersions(west, bucket, 'pruned/');
      expect(lines.map(({ key }) => key)).toEqual(['pruned/a/b']);
    });
    await walked(running, rules, 3);

    expect(await contentOf(west, lower)).toEqual(await contentOf(east, lower));
    expect(await both('pruned/')).toHaveLength(1);
  });
});

describe('a change at either site', () => {
  test('of tags reaches the other, and so does their removal', async () => {
    const ref = await east.put(bucket, 'tags/key', 'x', { Tagging: 'turn=one' });
    await both('tags/');
    await west.tag(ref, { turn: 'two', 'odd key': 'v +=/@' });
    await eventually(async () =>
      expect(await tagsAt(east, ref)).toEqual({ turn: 'two', 'odd key': 'v +=/@' }),
    );
    await east.tag(ref, { turn: 'three' });
    await eventually(async () => expect(await tagsAt(west, ref)).toEqual({ turn: 'three' }));
    await west.untag(ref);
    await eventually(async () => expect(await tagsAt(east, ref)).toEqual({}));
  });

  test('of tags of an older version leaves the others alone', async () => {
    const older = await east.put(bucket, 'older/key', 'older', { Tagging: 'turn=one' });
    const newer = await east.put(bucket, 'older/key', 'newer', { Tagging: 'turn=one' });
    await both('older/');
    await west.tag(older, { turn: 'two' });
    await eventually(async () => expect(await tagsAt(east, older)).toEqual({ turn: 'two' }));

    expect(await tagsAt(east, newer)).toEqual({ turn: 'one' });
  });

  test('by a delete marker or a purge reaches the other', async () => {
    const refs = await Promise.all([0, 1, 2, 3].map((n) => east.put(bucket, `gone/${n}`, 'x')));
    await both('gone/');
    const [, , third, fourth] = refs;
    if (!third || !fourth) throw new Error('unreachable');
    await Promise.all([
      east.remove(bucket, 'gone/0'),
      west.remove(bucket, 'gone/1'),
      east.purge(third),
      west.purge(fourth),
    ]);
    await eventually(async () => {
      for (const site of [east, west]) {
        const lines = await listVersions(site, bucket, 'gone/');
        expect(lines.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
          'gone/0 marker',
          'gone/0 object',
          'gone/1 marker',
          'gone/1 object',
        ]);
      }
    });
    await walked(running, rules, 3);

    expect(await both('gone/')).toHaveLength(4);
  });
});

describe('changes at both sites at once', () => {
  test('of tags end with one of the two, the same at both', async () => {
    const refs = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? east : west).put(bucket, `contest/${n}`, 'x')),
    );
    await both('contest/');
    await Promise.all(refs.flatMap((ref) => [east.tag(ref, { by: 'east' }), west.tag(ref, { by: 'west' })]));
    await quiet(running, rules);
    const lines = await both('contest/');
    await walked(running, rules, 3);

    expect(await both('contest/')).toEqual(lines);
    for (const { content } of lines) expect([{ by: 'east' }, { by: 'west' }]).toContainEqual(content?.tags);
  });

  test('a marker here and a version there are both kept, in one order', async () => {
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        await east.put(bucket, `mixed/${n}`, 'first');
        await Promise.all([east.remove(bucket, `mixed/${n}`), west.put(bucket, `mixed/${n}`, 'second')]);
      }),
    );

    const lines = await both('mixed/');

    expect(lines).toHaveLength(30);
  });
});

test('nothing of all this was parked', () => {
  expect(rules.map(({ id }) => running.telemetry.totals(id).parked)).toEqual([0, 0]);
});
