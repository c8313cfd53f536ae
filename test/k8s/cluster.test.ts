/** The control plane that the other tests here stand on: it is real, it outlives restarts, and it refuses what it should. */
import { CoreV1Api, CustomObjectsApi } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, setupMs, startCluster } from './cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.define('snapshot', 'eventing', 'serving');
}, setupMs);
afterAll(() => cluster?.stop());

const snapshots = {
  group: 'snapshot.storage.k8s.io',
  version: 'v1',
  namespace: 'default',
  plural: 'volumesnapshots',
};
const snapshot = (name: string, spec: object) => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshot',
  metadata: { name },
  spec,
});

test('what it was told is there after it was killed and started again', async () => {
  const api = cluster.apiServer.admin.makeApiClient(CustomObjectsApi);
  const body = snapshot('kept', { source: { persistentVolumeClaimName: 'data' } });
  await api.createNamespacedCustomObject({ ...snapshots, body });

  await cluster.apiServer.kill();
  await cluster.etcd.kill();
  await cluster.etcd.start();
  await cluster.apiServer.start();

  const found = await api.getNamespacedCustomObject({ ...snapshots, name: 'kept' });
  expect(found.spec.source).toEqual({ persistentVolumeClaimName: 'data' });
});

test('it refuses objects that their definition does not allow', async () => {
  const api = cluster.apiServer.admin.makeApiClient(CustomObjectsApi);
  const create = (spec: object) =>
    api.createNamespacedCustomObject({
      ...snapshots,
      body: snapshot('wrong', spec),
      fieldValidation: 'Strict',
    });

  await expect(create({ source: {} })).rejects.toThrow(/422/);
  await expect(create({ source: { persistentVolumeClaimName: 'data' }, more: 1 })).rejects.toThrow(
    /unknown field/,
  );
});

test('an account may do what it was given, and nothing else', async () => {
  const token = await cluster.account('reader', [
    { apiGroups: [snapshots.group], resources: ['volumesnapshots'], verbs: ['list'] },
  ]);
  const config = cluster.apiServer.configOf(token);

  await config.makeApiClient(CustomObjectsApi).listNamespacedCustomObject(snapshots);
  const more = config.makeApiClient(CoreV1Api).listNamespacedSecret({ namespace: 'default' });
  await expect(more).rejects.toThrow(/403/);
});
