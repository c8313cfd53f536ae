/** What keeps a volume from being replicated is said in its conditions, with what to create; there it goes on by itself. */
import { ApiextensionsV1Api, RbacAuthorizationV1Api, type V1PolicyRule } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../e2e/awaiting.ts';
import { setupMs } from './cluster.ts';
import { namespace, says } from './controller-world.ts';
import { namesOf, only, startVolumesWorld, type VolumesWorld } from './volumes-world.ts';

let world: VolumesWorld;
beforeAll(async () => {
  world = await startVolumesWorld();
}, setupMs);
afterAll(async () => {
  await world?.stop();
}, 60_000);

const reads = { source: { site: 'paris', claim: 'orders', method: 'Direct' } };
const fills = { source: { site: 'osaka', claim: 'orders' } };

/** A document of another name each, so that none has to do with another. */
const create = (name: string, about: object) =>
  world.create('VolumeReplication', name, {
    ...{ trigger: { manual: 'once' }, repository: { bucket: 'volumes', secretName: 'volumes' } },
    ...{ source: { site: 'paris', claim: 'orders' }, destination: { site: 'tokyo' } },
    ...about,
  });
const degraded = (name: string, words: string) => says(world, ['VolumeReplication', name], 'Degraded', words);
const recovered = (name: string) => says(world, ['VolumeReplication', name], 'Degraded', 'False');

test('a claim', async () => {
  await create('of-nothing', {});
  await degraded('of-nothing', 'ClaimMissing: there is no claim orders in namespace causeway: create it');

  await world.makeClaim('orders');

  await recovered('of-nothing');
});

test('a VolumeSnapshotClass, and a StorageClass at the source', async () => {
  const source = { site: 'paris', claim: 'orders', snapshotClassName: 'cut', storageClassName: 'shown' };
  await create('of-classes', { source });
  await degraded('of-classes', 'VolumeSnapshotClassMissing: there is no VolumeSnapshotClass cut: create it');

  await world.makeClass('VolumeSnapshotClass', 'cut');
  await world.makeReady(await only(async () => namesOf((await world.listed('of-classes')).snapshots)));
  await degraded('of-classes', 'StorageClassMissing: there is no StorageClass shown: create it');

  await world.makeClass('StorageClass', 'shown');
  await only(async () => (await world.listed('of-classes')).jobs);
  await recovered('of-classes');
});

test('a StorageClass at the destination', async () => {
  await world.arrive('of-cheap', 'mail', 'osaka');
  const destination = { site: 'paris', claim: 'mail-copy', storageClassName: 'cheap' };
  await create('of-cheap', { source: { site: 'osaka', claim: 'mail' }, destination });
  await degraded('of-cheap', 'StorageClassMissing: there is no StorageClass cheap: create it');

  await world.makeClass('StorageClass', 'cheap');

  await recovered('of-cheap');
  const made = await world.core.readNamespacedPersistentVolumeClaim({ namespace, name: 'mail-copy' });
  expect(made.spec).toMatchObject({ storageClassName: 'cheap' });
});

test('volumes of mode Block are refused at either end', async () => {
  await world.makeClaim('raw', { volumeMode: 'Block' });
  await create('from-raw', { source: { site: 'paris', claim: 'raw' } });
  await create('to-raw', { ...fills, destination: { site: 'paris', claim: 'raw' } });
  await create('to-other', { ...fills, destination: { site: 'paris', volumeMode: 'Block' } });

  await degraded('from-raw', 'VolumeModeUnsupported: claim raw has volumeMode Block');
  await degraded('to-raw', 'VolumeModeDiffers: claim raw is of volumeMode Block');
  await degraded('to-other', 'VolumeModeDiffers');
  for (const name of ['from-raw', 'to-raw', 'to-other'])
    expect(await world.listed(name)).toEqual({ snapshots: [], claims: [], jobs: [] });
});

test('the Secret of the mover, as the kubelet says it', async () => {
  await create('of-secret', reads);
  const { metadata } = await only(async () => (await world.listed('of-secret')).jobs);
  const labels = { 'batch.kubernetes.io/job-name': metadata?.name ?? '' };
  const pod = { metadata: { name: 'mover', labels }, spec: { containers: [{ name: 'mover', image: 'x' }] } };
  await world.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'default' } } });
  await world.core.createNamespacedPod({ namespace, body: pod });
  const says = async (waiting: object | undefined) => {
    const container = { name: 'mover', image: 'x', imageID: '', ready: false, restartCount: 0 };
    const state = waiting ? { waiting } : { running: {} };
    await world.setPodStatus('mover', { containerStatuses: [{ ...container, state }] });
  };
  await says({ reason: 'CreateContainerConfigError', message: 'secret "volumes" not found' });
  await degraded(
    'of-secret',
    'SecretMissing: secret "volumes" not found: create Secret volumes with accessKeyId',
  );

  await says(undefined);

  await recovered('of-secret');
});

test('the Site, and keys that may look into its bucket', async () => {
  const destination = { site: 'paris', claim: 'parts-copy' };
  await create('of-site', { source: { site: 'osaka', claim: 'parts' }, destination });
  await says(world, ['VolumeReplication', 'of-site'], 'Progressing', 'True NothingArrived');

  await world.setSecret('paris-keys', 'paris', { secretAccessKey: 'another' });
  await degraded('of-site', 'BucketUnreadable: bucket volumes of site paris cannot be looked at');
  await world.remove('Site', 'paris');
  await degraded('of-site', 'SiteMissing: there is no Site paris in namespace causeway: create it');

  await world.setSecret('paris-keys', 'paris');
  await world.makeSite();
  await recovered('of-site');
});

const rolesOf = () => world.cluster.apiServer.admin.makeApiClient(RbacAuthorizationV1Api);

/** Takes a right of the controller's account away, and gives it back afterwards. */
async function without(resource: string, verb: string, meanwhile: () => Promise<void>): Promise<void> {
  const name = 'causeway-controller';
  const { rules = [] } = await rolesOf().readClusterRole({ name });
  const less = (rule: V1PolicyRule): V1PolicyRule =>
    rule.resources?.includes(resource) ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule;
  const set = (body: V1PolicyRule[]) =>
    rolesOf().replaceClusterRole({ name, body: { metadata: { name }, rules: body } });
  await set(rules.map(less).filter(({ verbs }) => verbs.length > 0));
  await meanwhile().finally(() => set(rules));
}

test('a right to make what it takes', async () => {
  await without('jobs', 'create', async () => {
    await create('of-jobs', reads);
    await degraded('of-jobs', 'Forbidden: making Job ship-of-jobs');
    await degraded('of-jobs', 'cannot create resource "jobs"');
  });

  await recovered('of-jobs');
});

test('a right to look at pods, the image of movers, and a right to be told of claims', async () => {
  await without('pods', 'list', async () => {
    await create('of-pods', reads);
    await degraded('of-pods', 'Forbidden: looking after it: pods is forbidden');
  });
  await recovered('of-pods');

  await world.stopAll();
  await world.startController('');
  await degraded('of-pods', 'MoverImageUnknown: the image of movers is not known: set CAUSEWAY_MOVER_IMAGE');
  await world.stopAll();
  await without('persistentvolumeclaims', 'list', async () => {
    await world.startController();
    await degraded(
      'of-pods',
      'Forbidden: the API server refuses it: the account needs get, list and watch on',
    );
  });
  await recovered('of-pods');
}, 400_000);

test('the definitions of snapshots; who takes none does without', async () => {
  const definitions = world.cluster.apiServer.admin.makeApiClient(ApiextensionsV1Api);
  const { items } = await definitions.listCustomResourceDefinition();
  const names = namesOf(items).filter((name) => name.includes('snapshot.storage.k8s.io'));
  await Promise.all(names.map((name) => definitions.deleteCustomResourceDefinition({ name })));
  await create('of-definitions', {});
  await create('of-none', reads);
  await degraded('of-definitions', 'ApiMissing: the cluster does not know');
  await degraded('of-definitions', 'install the CRDs of external-snapshotter');
  const labelSelector = 'causeway.dev/replication=of-none';
  await only(async () => (await world.batch.listNamespacedJob({ namespace, labelSelector })).items);

  await eventually(() => world.cluster.define('snapshot'));
  await world.makeClass('VolumeSnapshotClass', 'usual', true);

  await only(async () => (await world.listed('of-definitions')).snapshots);
  await recovered('of-definitions');
});
