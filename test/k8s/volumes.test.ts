/**
 * VolumeReplications on a real API server, under the controller's own account. There is no kubelet, no CSI driver and no
 * Job controller here: what they would do to objects the test does, and it runs the movers' command lines itself, on
 * directories, with real restic and a real site.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  PatchStrategy,
  setHeaderOptions,
  type V1Job,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { eventually } from '../e2e/awaiting.ts';
import { runCommand } from '../e2e/run-command.ts';
import { findBuiltRestic } from '../e2e/volumes/restic.ts';
import { setupMs } from './cluster.ts';
import { type ControllerWorld, namespace, says, startControllerWorld } from './controller-world.ts';

let world: ControllerWorld;
let core: CoreV1Api;
let batch: BatchV1Api;
let custom: CustomObjectsApi;
let dir: string;
let restic: string;
beforeAll(async () => {
  world = await startControllerWorld(['paris'], [{ name: 'volumes' }]);
  const { admin } = world.cluster.apiServer;
  core = admin.makeApiClient(CoreV1Api);
  batch = admin.makeApiClient(BatchV1Api);
  custom = admin.makeApiClient(CustomObjectsApi);
  dir = await mkdtemp(join(tmpdir(), 'causeway-k8s-volumes-'));
  restic = await findBuiltRestic(environment, console.error);
  await world.setSecret('paris-keys', 'paris');
  await world.create('Site', 'paris', {
    s3: { endpoint: world.site('paris').server.endpoint },
    credentials: { secretName: 'paris-keys' },
  });
  await world.start({ CAUSEWAY_SITE: 'paris', CAUSEWAY_MOVER_IMAGE: 'causeway:test' });
}, setupMs);
afterAll(async () => {
  await world?.stop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

const snapshots = {
  group: 'snapshot.storage.k8s.io',
  version: 'v1',
  plural: 'volumesnapshots',
  namespace,
} as const;
const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

const spec = (claim: string, about: object = {}) => ({
  source: { site: 'paris', claim },
  trigger: { manual: 'once' },
  repository: { bucket: 'volumes', secretName: 'volumes' },
  destination: { site: 'paris', claim: `${claim}-copy`, size: '2Gi' },
  ...about,
});

async function makeClaim(name: string): Promise<void> {
  const body = {
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  await core.createNamespacedPersistentVolumeClaim({ namespace, body });
}

async function listed(label: string): Promise<{ snapshots: string[]; claims: string[]; jobs: V1Job[] }> {
  const labelSelector = `causeway.dev/replication=${label}`;
  const found = await custom.listNamespacedCustomObject({ ...snapshots, labelSelector });
  const claims = await core.listNamespacedPersistentVolumeClaim({ namespace, labelSelector });
  const jobs = await batch.listNamespacedJob({ namespace, labelSelector });
  return {
    snapshots: found.items.map((one: { metadata: { name: string } }) => one.metadata.name),
    claims: claims.items.flatMap(({ metadata }) => metadata?.name ?? []),
    jobs: jobs.items,
  };
}

/** As the snapshotter does. */
const makeReady = (name: string) =>
  custom.patchNamespacedCustomObjectStatus(
    {
      ...snapshots,
      name,
      body: {
        status: {
          boundVolumeSnapshotContentName: `content-${name}`,
          readyToUse: true,
          creationTime: new Date().toISOString(),
        },
      },
    },
    merge,
  );

/** As the Job controller does. */
async function complete({ metadata: { name = '' } = {} }: V1Job): Promise<void> {
  const now = new Date().toISOString();
  const holds = (type: string) => ({ type, status: 'True', lastTransitionTime: now, lastProbeTime: now });
  const status = {
    startTime: now,
    completionTime: now,
    succeeded: 1,
    uncountedTerminatedPods: {},
    conditions: [holds('SuccessCriteriaMet'), holds('Complete')],
  };
  await batch.patchNamespacedJobStatus({ namespace, name, body: { status } }, merge);
}

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

const one = async <Value>(find: () => Promise<readonly Value[]>): Promise<Value> =>
  eventually(async () => {
    const [found, ...others] = await find();
    expect([found !== undefined, others.length]).toEqual([true, 0]);
    if (found === undefined) throw new Error('none');
    return found;
  });

test('a volume becomes another one, step by step, as the objects say', async () => {
  const [source, copy] = ['source', 'copy'].map((name) => join(dir, name, 'volume'));
  for (const directory of [source, copy]) await mkdir(directory ?? '', { recursive: true });
  await writeFile(join(source ?? '', 'orders'), 'real');
  await makeClaim('orders');
  await world.create('VolumeReplication', 'orders', spec('orders'));

  const snapshot = await one(async () => (await listed('orders')).snapshots);
  await says(world, ['VolumeReplication', 'orders'], 'Progressing', 'True Snapshotting');
  await makeReady(snapshot);
  const ship = await one(async () => (await listed('orders')).jobs);
  expect(ship.metadata?.ownerReferences).toMatchObject([{ kind: 'VolumeReplication', name: 'orders' }]);
  await runContainer(ship, source ?? '');
  await complete(ship);

  const restore = await one(async () =>
    (await listed('orders')).jobs.filter(({ metadata }) => metadata?.name?.startsWith('restore-')),
  );
  const filled = await core.readNamespacedPersistentVolumeClaim({ namespace, name: 'orders-copy' });
  expect(filled.spec?.resources?.requests).toEqual({ storage: '2Gi' });
  await runContainer(restore, copy ?? '');
  await complete(restore);
  const image = await one(async () =>
    (await listed('orders')).snapshots.filter((name) => name.startsWith('image-')),
  );
  await makeReady(image);

  const done = await says(world, ['VolumeReplication', 'orders'], 'Ready', 'True Synced');
  expect(await readFile(join(copy ?? '', 'orders'), 'utf8')).toBe('real');
  expect(done?.status).toMatchObject({
    lastManualSync: 'once',
    latestImage: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: image },
  });
  await eventually(async () => {
    const left = await listed('orders');
    // The claim that shows the point in time waits for its protection, which is another controller's.
    expect([left.jobs, left.snapshots]).toEqual([[], [image]]);
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
  await makeClaim('full');
  await world.create('VolumeReplication', 'full', spec('full'));
  const name = await one(async () => (await listed('full')).snapshots);
  const error = { message: 'storage pool is full', time: new Date().toISOString() };
  await custom.patchNamespacedCustomObjectStatus(
    { ...snapshots, name, body: { status: { readyToUse: false, error } } },
    merge,
  );

  await says(world, ['VolumeReplication', 'full'], 'Degraded', 'True SnapshotFailed');
  await says(world, ['VolumeReplication', 'full'], 'Degraded', 'storage pool is full');
});

test('a quota that forbids a claim is said in the words of the API server', async () => {
  const tight = { metadata: { name: 'tight' }, spec: { hard: { 'count/jobs.batch': '0' } } };
  await core.createNamespacedResourceQuota({ namespace, body: tight });
  // Who counts is the quota controller.
  const status = { hard: tight.spec.hard, used: { 'count/jobs.batch': '0' } };
  await core.patchNamespacedResourceQuotaStatus({ namespace, name: 'tight', body: { status } }, merge);
  await makeClaim('bounded');
  await world.create(
    'VolumeReplication',
    'bounded',
    spec('bounded', { source: { site: 'paris', claim: 'bounded', method: 'Direct' } }),
  );

  await says(world, ['VolumeReplication', 'bounded'], 'Degraded', 'True Forbidden');
  await says(world, ['VolumeReplication', 'bounded'], 'Degraded', 'exceeded quota: tight');
  await core.deleteNamespacedResourceQuota({ namespace, name: 'tight' });
});

test('a method of others is left alone, and said to be', async () => {
  await makeClaim('mirrored');
  await world.create(
    'VolumeReplication',
    'mirrored',
    spec('mirrored', { source: { site: 'paris', claim: 'mirrored', method: 'ceph-mirror' } }),
  );

  await says(world, ['VolumeReplication', 'mirrored'], 'Ready', 'Unknown NotOurs');
  const { jobs, snapshots: taken } = await listed('mirrored');
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
