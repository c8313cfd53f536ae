/** What a rule finds when it starts, what it lets through, and what it does where a bucket is not as it must be. */
import { DeleteBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../../functions/ports.ts';
import { announceChanges, createBucket } from '../../infra/sites/setup.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { withoutEvents } from './loss.ts';
import { links } from './rules.ts';
import { contentOf, type ListedLine, listVersions } from './snapshot.ts';
import { oddKeys } from './workload.ts';
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
  { name: 'old', sites: ['east', 'west'], bucket: 'old', spec: scan },
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
  oneWay('no-existing', { existingObjects: false }),
  oneWay('folders'),
  oneWay('off-at-east'),
  oneWay('off-at-west'),
  oneWay('none-at-east'),
  oneWay('none-at-west'),
);
let world: World;
let running: Running;
let east: Application;
let west: Application;
let before: ListedLine[];

beforeAll(async () => {
  const names = [...new Set(rules.flatMap((link) => [link.source.bucket, link.target.bucket]))];
  world = await startWorld(
    ['east', 'west'],
    names.map((name) => ({ name })),
  );
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
  await fill();
  running = await world.deploy(rules);
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const suspend = (site: Application, Bucket: string, Status: 'Enabled' | 'Suspended') =>
  site.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));

/** All of this happens before Causeway's first start. What is announced by then waits at MinIO, and is told first. */
async function fill(): Promise<void> {
  await withoutEvents(world, 'east', 'old', () => withoutEvents(world, 'west', 'old', fillOld));
  await withoutEvents(world, 'east', 'no-existing', async () => {
    await east.put('no-existing', 'old', 'x');
  });
  await east.put('folders', 'dir/', 'in a folder');
  await east.put('none-at-west', 'old', 'x');
  await suspend(east, 'off-at-east', 'Suspended');
  await suspend(west, 'off-at-west', 'Suspended');
  await east.client.send(new DeleteBucketCommand({ Bucket: 'none-at-east' }));
  await west.client.send(new DeleteBucketCommand({ Bucket: 'none-at-west' }));
}

async function fillOld(): Promise<void> {
  const keys = [...Array.from({ length: 440 }, (_, n) => `key/${n}`), ...oddKeys];
  const lane = async (site: Application, own: readonly string[]): Promise<void> => {
    for (const key of own) {
      const [first] = [await site.put('old', key, 'first'), await site.put('old', key, 'second')];
      await site.tag(first, { turn: 'one' });
      if (key.endsWith('3')) await site.remove('old', key);
      if (key.endsWith('7')) await site.purge(first);
      await site.put('old', key, 'third', { Tagging: 'turn=three', Metadata: { colour: 'red' } });
    }
  };
  const part = (n: number): string[] => keys.filter((_, index) => index % 8 === n);
  await Promise.all([0, 1, 2, 3, 4, 5].map((n) => lane(east, part(n))));
  await Promise.all([5, 6, 7].map((n) => lane(west, part(n))));
  before = [...(await listVersions(east, 'old')), ...(await listVersions(west, 'old'))];
}

const of = (rule: string): Link[] => rules.filter((link) => link.rule === rule);
const keysAt = async (site: Application, bucket: string, prefix = ''): Promise<string[]> =>
  (await listVersions(site, bucket, prefix)).map(({ key, kind }) =>
    kind === 'marker' ? `${key} deleted` : key,
  );
const troubles = async (rule: string): Promise<string[]> =>
  (await running.deployment.status())
    .filter(({ link }) => of(rule).some(({ id }) => id === link))
    .map(({ state, reason = '' }) => `${state}: ${reason}`);
const failures = async (rule: string): Promise<string[]> => {
  const reasons: string[] = [];
  for (const { id } of of(rule)) {
    for await (const { state, reason } of running.deployment.world.ledger.entries(id)) {
      if (state === 'failed') reasons.push(reason);
    }
  }
  return reasons;
};

describe.concurrent('what was there before the first start', () => {
  test('is at both sites after the first walk, version by version', async () => {
    await eventually(
      async () => expect(await listVersions(west, 'old')).toEqual(await listVersions(east, 'old')),
      60_000,
    );
    await agreed([east, west], { bucket: 'old', prefix: 'key/11' });

    expect(before.length).toBeGreaterThan(1500);
    expect((await listVersions(west, 'old')).map(({ versionId }) => versionId).sort()).toEqual(
      before.map(({ versionId }) => versionId).sort(),
    );
  });

  test('is left alone where the rule leaves it alone; what comes later is not', async () => {
    await walked(running, of('no-existing'), 1);
    await east.put('no-existing', 'old', 'second version');
    await east.put('no-existing', 'new', 'x');
    await eventually(async () => expect(await keysAt(west, 'no-existing')).toEqual(['new', 'old']));
    await walked(running, of('no-existing'), 2);

    expect(await keysAt(west, 'no-existing')).toEqual(['new', 'old']);
  });

  test('and ends with a slash is there too, and the walk finds no difference in it', async () => {
    await agreed([east, west], { bucket: 'folders' });
    await east.put('folders', 'dir/', 'in a folder');
    await walked(running, of('folders'), 2);
    const metric = await running.telemetry.registry.getSingleMetric('causeway_differences_total')?.get();

    expect(metric?.values.filter(({ labels }) => labels.link === 'folders_east_west')).toEqual([]);
  });
});

describe.concurrent('a bucket that is not as it must be', () => {
  test('at the source, without versioning, is named; all comes when it is enabled', async () => {
    await east.put('off-at-east', 'early', 'x');
    await eventually(async () =>
      expect(await troubles('off-at-east')).toEqual([
        'broken: site east refuses: bucket off-at-east needs versioning enabled, it is suspended',
      ]),
    );
    await suspend(east, 'off-at-east', 'Enabled');
    await east.put('off-at-east', 'late', 'x');

    const lines = await agreed([east, west], { bucket: 'off-at-east' });
    expect(lines.map(({ key, versionId }) => [key, versionId === 'null'])).toEqual([
      ['early', true],
      ['late', false],
    ]);
  });

  test('at the target, without versioning, is named; all comes when it is enabled', async () => {
    await east.put('off-at-west', 'early', 'x');
    await eventually(async () => {
      expect(await troubles('off-at-west')).toEqual([
        'broken: site west refuses: bucket off-at-west needs versioning enabled, it is suspended',
      ]);
      expect(await failures('off-at-west')).toEqual([
        expect.stringMatching(/^site west refuses: PUT off-at-west\/early.*versioning not enabled/),
      ]);
    });
    await suspend(west, 'off-at-west', 'Enabled');

    expect(await agreed([east, west], { bucket: 'off-at-west' })).toHaveLength(1);
  });

  test('at the target, missing, is named; all comes when it is made', async () => {
    await east.put('none-at-west', 'early', 'x');
    await eventually(async () =>
      expect(await troubles('none-at-west')).toEqual([
        'broken: site west refuses: bucket none-at-west does not exist there',
      ]),
    );
    await createBucket(west.client, { name: 'none-at-west' });

    expect(await agreed([east, west], { bucket: 'none-at-west' })).toHaveLength(2);
  });

  test('at the source, missing, is named; its versions come when it is made', async () => {
    await eventually(async () =>
      expect(await troubles('none-at-east')).toEqual([
        'broken: site east refuses: bucket none-at-east does not exist there',
      ]),
    );
    await createBucket(east.client, { name: 'none-at-east' });
    await announceChanges(east.client, 'none-at-east', siteOf(world, 'east').server.notificationArns);
    await east.put('none-at-east', 'early', 'x');

    expect(await agreed([east, west], { bucket: 'none-at-east' })).toHaveLength(1);
  });
});

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
  expect(rules.filter(({ id }) => running.telemetry.totals(id).parked > 0).map(({ id }) => id)).toEqual([]);
});

test('buckets that are well again leave nothing behind in the ledger', async () => {
  const names = ['off-at-east', 'off-at-west', 'none-at-west', 'none-at-east'];

  await eventually(async () => {
    expect((await Promise.all(names.map(failures))).flat()).toEqual([]);
  }, 60_000);
});
