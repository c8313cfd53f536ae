/**
 * VolumeReplications on a real API server, under the controller's own account. The test runs the movers' command lines
 * itself, on directories, with real restic and a real site.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PatchStrategy, setHeaderOptions, type V1Job } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { eventually } from '../e2e/awaiting.ts';
import { runCommand } from '../e2e/run-command.ts';
import { findBuiltRestic } from '../e2e/volumes/restic.ts';
import { setupMs } from './cluster.ts';
import { namespace, says } from './controller-world.ts';
import { namesOf, only, startVolumesWorld, type VolumesWorld } from './volumes-world.ts';

let world: VolumesWorld;
let dir: string;
let restic: string;
beforeAll(async () => {
  world = await startVolumesWorld();
  dir = await mkdtemp(join(tmpdir(), 'causeway-k8s-volumes-'));
  restic = await findBuiltRestic(environment, console.error);
}, setupMs);
afterAll(async () => {
  await world?.stop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

const spec = (claim: string, about: object = {}) => ({
  source: { site: 'paris', claim },
  trigger: { manual: 'once' },
  repository: { bucket: 'volumes', secretName: 'volumes' },
  destination: { site: 'paris', claim: `${claim}-copy`, size: '2Gi' },
  ...about,
});

/** As the kubelet does, with a directory for the volume. */
async function runContainer({ spec: job }: V1Job, directory: string): Promise<void> {
  const [{ args = [] } = {}] = job?.template.spec?.containers ?? [];
  const [program = '', ...rest] = args;
  const name = /^\/app\/(.*)\.mjs$/.exec(program)?.[1] ?? '';
  const { accessKeyId, secretAccessKey } = world.site('paris').credentials;
  const { code, stderr } = await runCommand(
    [name, ...rest.map((word) => (word === '/causeway/volume' ? directory : word))],
    {
      RESTIC_BIN: restic,
      REPOSITORY_ACCESS_KEY_ID: accessKeyId,
      REPOSITORY_SECRET_ACCESS_KEY: secretAccessKey.reveal(),
      REPOSITORY_PASSWORD: 'a long one',
    },
  );
  expect([code, stderr]).toEqual([0, '']);
}

test('a volume becomes another one, step by step, as the objects say', async () => {
  const [source, copy] = ['source', 'copy'].map((name) => join(dir, name, 'volume'));
  for (const directory of [source, copy]) await mkdir(directory ?? '', { recursive: true });
  await writeFile(join(source ?? '', 'orders'), 'real');
  await world.makeClaim('orders');
  await world.create('VolumeReplication', 'orders', spec('orders'));

  const snapshot = await only(async () => namesOf((await world.listed('orders')).snapshots));
  await says(world, ['VolumeReplication', 'orders'], 'Progressing', 'True Snapshotting');
  await world.makeReady(snapshot);
  const ship = await only(async () => (await world.listed('orders')).jobs);
  expect(ship.metadata?.ownerReferences).toMatchObject([{ kind: 'VolumeReplication', name: 'orders' }]);
  await runContainer(ship, source ?? '');
  await world.complete(ship);

  const restore = await only(async () =>
    (await world.listed('orders')).jobs.filter(({ metadata }) => metadata?.name?.startsWith('restore-')),
  );
  const filled = await world.core.readNamespacedPersistentVolumeClaim({ namespace, name: 'orders-copy' });
  expect(filled.spec?.resources?.requests).toEqual({ storage: '2Gi' });
  await runContainer(restore, copy ?? '');
  await world.complete(restore);
  const image = await only(async () =>
    namesOf((await world.listed('orders')).snapshots).filter((name) => name.startsWith('image-')),
  );
  await world.makeReady(image);

  const done = await says(world, ['VolumeReplication', 'orders'], 'Ready', 'True Synced');
  expect(await readFile(join(copy ?? '', 'orders'), 'utf8')).toBe('real');
  expect(done?.status).toMatchObject({
    lastManualSync: 'once',
    latestImage: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: image },
  });
  await eventually(async () => {
    const left = await world.listed('orders');
    // The claim that shows the point in time waits for its protection, which is another controller's.
    expect([left.jobs, namesOf(left.snapshots)]).toEqual([[], [image]]);
  });
});

test('what is not there is said, with what to create', async () => {
  await world.create('VolumeReplication', 'nothing', spec('not-there'));

  await says(
    world,
    ['VolumeReplication', 'nothing'],
    'Degraded',
    'True ClaimMissing: there is no claim not-there in namespace causeway: create it',
  );
});

test('a snapshot that cannot be taken is said in the words of the snapshotter', async () => {
  await world.makeClaim('full');
  await world.create('VolumeReplication', 'full', spec('full'));
  const name = await only(async () => namesOf((await world.listed('full')).snapshots));
  await world.fail(name, 'storage pool is full');

  await says(world, ['VolumeReplication', 'full'], 'Degraded', 'True SnapshotFailed');
  await says(world, ['VolumeReplication', 'full'], 'Degraded', 'storage pool is full');
});

test('a quota that forbids a claim is said in the words of the API server', async () => {
  const tight = { metadata: { name: 'tight' }, spec: { hard: { 'count/jobs.batch': '0' } } };
  await world.core.createNamespacedResourceQuota({ namespace, body: tight });
  // Who counts is the quota controller.
  const status = { hard: tight.spec.hard, used: { 'count/jobs.batch': '0' } };
  await world.core.patchNamespacedResourceQuotaStatus({ namespace, name: 'tight', body: { status } }, merge);
  await world.makeClaim('bounded');
  await world.create(
    'VolumeReplication',
    'bounded',
    spec('bounded', { source: { site: 'paris', claim: 'bounded', method: 'Direct' } }),
  );

  await says(world, ['VolumeReplication', 'bounded'], 'Degraded', 'True Forbidden');
  await says(world, ['VolumeReplication', 'bounded'], 'Degraded', 'exceeded quota: tight');
  await world.core.deleteNamespacedResourceQuota({ namespace, name: 'tight' });
});

test('a member of a group snapshot is shipped when it is ready, and stays', async () => {
  await world.cluster.define('groupsnapshot');
  const api = { group: 'groupsnapshot.storage.k8s.io', version: 'v1', namespace };
  await world.makeClaim('grouped');
  const about = { source: { site: 'paris', claim: 'grouped' }, trigger: { snapshots: 'any' } };
  await world.create('VolumeReplication', 'grouped', spec('grouped', about));
  const group = await world.custom.createNamespacedCustomObject({
    ...api,
    plural: 'volumegroupsnapshots',
    body: {
      apiVersion: 'groupsnapshot.storage.k8s.io/v1',
      kind: 'VolumeGroupSnapshot',
      metadata: { name: 'nightly' },
      spec: { source: { selector: { matchLabels: { app: 'shop' } } } },
    },
  });
  // As the snapshotter makes them: owned, protected, of the claim.
  await world.takeSnapshot('member', 'grouped', {
    finalizers: ['snapshot.storage.kubernetes.io/volumesnapshot-in-group-protection'],
    ownerReferences: [
      { apiVersion: group.apiVersion, kind: group.kind, name: 'nightly', uid: group.metadata.uid },
    ],
  });
  await world.makeReady('member', { volumeGroupSnapshotName: 'nightly' });

  const job = await only(async () => (await world.listed('grouped')).jobs);
  const { claims } = await world.listed('grouped');
  expect(claims.map(({ spec: made }) => made?.dataSource?.name)).toEqual(['member']);
  await world.complete(job);
  await says(world, ['VolumeReplication', 'grouped'], 'Ready', 'True');

  await eventually(async () => expect((await world.listed('grouped')).jobs).toEqual([]));
  expect(namesOf((await world.listed()).snapshots)).toContain('member');
});

async function metric(name: string, of: string): Promise<number | undefined> {
  const text = await (await fetch(`${world.controller.gateway}/metrics`)).text();
  const line = new RegExp(`^causeway_volume_${name}\\{namespace="causeway",name="${of}"\\} (\\S+)$`, 'm');
  const [, value] = line.exec(text) ?? [];
  return value === undefined ? undefined : Number(value);
}

test('when the last sync was, and how many were missed, is in the metrics as long as the document is there', async () => {
  const minute = 60_000;
  await world.makeClaim('timed');
  const source = { site: 'paris', claim: 'timed', method: 'Direct' };
  const about = { source, trigger: { schedule: '* * * * *' }, destination: { site: 'tokyo' } };
  await world.create('VolumeReplication', 'timed', spec('timed', about));
  await world.complete(await only(async () => (await world.listed('timed')).jobs));
  const done = await eventually(async () => {
    const found = await world.get('VolumeReplication', 'timed');
    expect(found?.status.lastSyncTime).toBeDefined();
    return found;
  });
  expect(await metric('missed_intervals', 'timed')).toBe(0);
  expect(await metric('last_sync_timestamp_seconds', 'timed')).toBe(
    Date.parse(String(done?.status.lastSyncTime)) / 1000,
  );

  // As if it had looked away for five times of the schedule.
  const slot = new Date(Math.floor(Date.now() / minute) * minute - 5 * minute).toISOString();
  const times = { takenAt: slot, startedAt: slot, completedAt: slot };
  const sync = slot.replaceAll(/\D/g, '').slice(0, 14);
  await world.setStatus('timed', { volumes: [{ claim: 'timed', shipped: { sync, ...times } }] });

  await eventually(async () => expect(await metric('missed_intervals', 'timed')).toBeGreaterThanOrEqual(4));
  await world.remove('VolumeReplication', 'timed');
  await eventually(async () => {
    const left = ['missed_intervals', 'last_sync_timestamp_seconds'].map((name) => metric(name, 'timed'));
    expect(await Promise.all(left)).toEqual([undefined, undefined]);
  });
});

test('a method of others is left alone, and said to be', async () => {
  await world.makeClaim('mirrored');
  await world.create(
    'VolumeReplication',
    'mirrored',
    spec('mirrored', { source: { site: 'paris', claim: 'mirrored', method: 'ceph-mirror' } }),
  );

  await says(world, ['VolumeReplication', 'mirrored'], 'Ready', 'Unknown NotOurs');
  const { jobs, snapshots: taken } = await world.listed('mirrored');
  expect([jobs, taken]).toEqual([[], []]);
});

test.each([
  [
    'two triggers',
    { trigger: { manual: 'x', schedule: '* * * * *' } },
    /must name exactly one of schedule, manual and snapshots/,
  ],
  ['a schedule that is none', { trigger: { schedule: 'daily' } }, /five fields as cron has them/],
  ['no claim and no selector', { source: { site: 'paris' } }, /must name either claim or selector/],
  ['a copy onto itself', { destination: { site: 'paris' } }, /must be another than the source/],
  ['a name of a bucket that is none', { repository: { bucket: 'a..b', secretName: 'x' } }, /no bucket name/],
])('%s is refused by the API server, which names the rule', async (_, about, words) => {
  await expect(world.create('VolumeReplication', 'wrong', spec('orders', about))).rejects.toThrow(words);
});
