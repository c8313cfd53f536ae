/** What a rule finds when it starts, and what it does where a bucket is not as it must be. */
import { DeleteBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../../functions/ports.ts';
import { announceChanges, createBucket } from '../../infra/sites/setup.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { agreed, eventually, walked } from './awaiting.ts';
import { withoutEvents } from './loss.ts';
import { links } from './rules.ts';
import { type ListedLine, listVersions } from './snapshot.ts';
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
const rules = links(
  { name: 'old', sites: ['east', 'west'], bucket: 'old', spec: scan },
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
      const first = await site.put('old', key, 'first');
      await site.put('old', key, 'second');
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

test('nothing of all this was parked', () => {
  expect(rules.filter(({ id }) => running.telemetry.totals(id).parked > 0).map(({ id }) => id)).toEqual([]);
});

test('buckets that are well again leave nothing behind in the ledger', async () => {
  const names = ['off-at-east', 'off-at-west', 'none-at-west', 'none-at-east'];

  await eventually(async () => {
    expect((await Promise.all(names.map(failures))).flat()).toEqual([]);
  }, 60_000);
});
