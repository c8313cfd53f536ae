/**
 * A cluster with volumes, as far as the API server knows them. There is no kubelet, no CSI driver and no controller of
 * Kubernetes' own here: what they would do to objects the test does.
 */
import {
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  PatchStrategy,
  StorageV1Api,
  setHeaderOptions,
  type V1Job,
  type V1PersistentVolumeClaim,
} from '@kubernetes/client-node';
import { z } from 'zod';
import { shipmentName } from '../../functions/volumes/shipment-name.ts';
import { label } from '../../infra/cluster/volumes/names.ts';
import { openBucket } from '../../infra/volumes/open-volume.ts';
import { createShipments } from '../../infra/volumes/shipments.ts';
import { eventually } from '../e2e/awaiting.ts';
import {
  type ControllerProcess,
  type ControllerWorld,
  namespace,
  startControllerWorld,
} from './controller-world.ts';

const group = 'snapshot.storage.k8s.io';
const version = 'v1';
const snapshots = { group, version, plural: 'volumesnapshots', namespace } as const;
const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const bucket = 'volumes';

const snapshotSchema = z.object({
  metadata: z.object({
    name: z.string(),
    deletionTimestamp: z.string().optional(),
    ownerReferences: z.array(z.object({ uid: z.string() })).default([]),
  }),
  status: z.object({ readyToUse: z.boolean().optional() }).default({}),
});
type Snapshot = z.infer<typeof snapshotSchema>;

export interface Listed {
  readonly snapshots: readonly Snapshot[];
  readonly claims: readonly V1PersistentVolumeClaim[];
  readonly jobs: readonly V1Job[];
}

export const namesOf = (objects: readonly { readonly metadata?: { readonly name?: string } }[]): string[] =>
  objects.map(({ metadata }) => metadata?.name ?? '');

export interface VolumesWorld extends ControllerWorld {
  readonly core: CoreV1Api;
  readonly batch: BatchV1Api;
  readonly custom: CustomObjectsApi;
  readonly controller: ControllerProcess;
  /** Without an image where that is empty. */
  startController(image?: string): Promise<ControllerProcess>;
  makeSite(): Promise<void>;
  makeClaim(name: string, about?: Partial<V1PersistentVolumeClaim['spec']>): Promise<void>;
  makeClass(kind: 'StorageClass' | 'VolumeSnapshotClass', name: string, isDefault?: boolean): Promise<void>;
  /** What was made for a VolumeReplication; all that there is where none is named. */
  listed(replication?: string): Promise<Listed>;
  /** An object, or all of its kind that were made for a VolumeReplication. */
  removeMade(
    kind: 'Job' | 'PersistentVolumeClaim' | 'VolumeSnapshot',
    of: { name: string } | { replication: string },
  ): Promise<void>;
  takeSnapshot(name: string, claim: string, metadata?: object): Promise<void>;
  /** As the snapshotter does. */
  makeReady(name: string, about?: object): Promise<void>;
  fail(name: string, message: string): Promise<void>;
  /** Of a VolumeReplication. */
  setStatus(name: string, status: object): Promise<void>;
  /** As the binder does. */
  bind(claim: string): Promise<void>;
  annotate(claim: string, annotations: Readonly<Record<string, string | null>>): Promise<void>;
  /** As the kubelet does. */
  setPodStatus(name: string, status: object): Promise<void>;
  /** As the Job controller does. */
  complete(job: V1Job): Promise<void>;
  /** Something of a volume is in the bucket, and whole. */
  arrive(replication: string, claim: string, from: string): Promise<void>;
}

const selectorOf = (replication: string): string => `${label.replication}=${replication}`;

const metadataOf = (name: string, mark: string, isDefault: boolean) => ({
  name,
  annotations: isDefault ? { [mark]: 'true' } : {},
});

export async function startVolumesWorld(): Promise<VolumesWorld> {
  const world = await startControllerWorld(['paris'], [{ name: bucket }]);
  const { admin } = world.cluster.apiServer;
  const core = admin.makeApiClient(CoreV1Api);
  const batch = admin.makeApiClient(BatchV1Api);
  const custom = admin.makeApiClient(CustomObjectsApi);
  const storage = admin.makeApiClient(StorageV1Api);
  const { server, credentials } = world.site('paris');
  const client = openBucket({ ...server, ca: undefined }, credentials);
  const setStatus = async (name: string, status: object): Promise<void> => {
    await custom.patchNamespacedCustomObjectStatus({ ...snapshots, name, body: { status } }, merge);
  };
  const startController = (image: string | undefined = 'causeway:test') =>
    world.start({ CAUSEWAY_SITE: 'paris', ...(image ? { CAUSEWAY_MOVER_IMAGE: image } : {}) });

  async function makeClass(kind: 'StorageClass' | 'VolumeSnapshotClass', name: string, isDefault = false) {
    if (kind === 'StorageClass') {
      const metadata = metadataOf(name, 'storageclass.kubernetes.io/is-default-class', isDefault);
      await storage.createStorageClass({ body: { metadata, provisioner: 'test.csi' } });
      return;
    }
    const metadata = metadataOf(name, 'snapshot.storage.kubernetes.io/is-default-class', isDefault);
    const apiVersion = `${group}/${version}`;
    const body = { apiVersion, kind, metadata, driver: 'test.csi', deletionPolicy: 'Delete' };
    await custom.createClusterCustomObject({ group, version, plural: 'volumesnapshotclasses', body });
  }

  await makeClass('StorageClass', 'usual', true);
  await makeClass('VolumeSnapshotClass', 'usual', true);
  await world.setSecret('paris-keys', 'paris');
  const makeSite = () =>
    world.create('Site', 'paris', {
      s3: { endpoint: server.endpoint },
      credentials: { secretName: 'paris-keys' },
    });
  await makeSite();
  const controller = await startController();

  return {
    ...world,
    ...{ core, batch, custom, controller, startController, makeSite, makeClass },
    async makeClaim(name, about = {}) {
      const resources = { requests: { storage: '1Gi' } };
      const body = { metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources, ...about } };
      await core.createNamespacedPersistentVolumeClaim({ namespace, body });
    },
    async listed(replication) {
      const labelSelector = replication === undefined ? '' : selectorOf(replication);
      const found = await custom.listNamespacedCustomObject({ ...snapshots, labelSelector });
      const claims = await core.listNamespacedPersistentVolumeClaim({ namespace, labelSelector });
      const jobs = await batch.listNamespacedJob({ namespace, labelSelector });
      const { items } = z.object({ items: z.array(snapshotSchema) }).parse(found);
      return { snapshots: items, claims: claims.items, jobs: jobs.items };
    },
    async removeMade(kind, of) {
      const which =
        'name' in of
          ? { fieldSelector: `metadata.name=${of.name}` }
          : { labelSelector: selectorOf(of.replication) };
      const about = { namespace, propagationPolicy: 'Background', ...which };
      if (kind === 'Job') await batch.deleteCollectionNamespacedJob(about);
      else if (kind === 'PersistentVolumeClaim')
        await core.deleteCollectionNamespacedPersistentVolumeClaim(about);
      else await custom.deleteCollectionNamespacedCustomObject({ ...snapshots, ...about });
    },
    async takeSnapshot(name, claim, metadata = {}) {
      const spec = { source: { persistentVolumeClaimName: claim } };
      const body = {
        apiVersion: `${group}/${version}`,
        kind: 'VolumeSnapshot',
        metadata: { name, ...metadata },
        spec,
      };
      await custom.createNamespacedCustomObject({ ...snapshots, body });
    },
    async setStatus(name, status) {
      const at = { group: 'causeway.dev', version: 'v1alpha1', plural: 'volumereplications', namespace };
      await custom.patchNamespacedCustomObjectStatus({ ...at, name, body: { status } }, merge);
    },
    makeReady: (name, about = {}) =>
      setStatus(name, {
        ...about,
        boundVolumeSnapshotContentName: `content-${name}`,
        readyToUse: true,
        creationTime: new Date().toISOString(),
      }),
    fail: (name, message) =>
      setStatus(name, { readyToUse: false, error: { message, time: new Date().toISOString() } }),
    async bind(name) {
      const body = { status: { phase: 'Bound' } };
      await core.patchNamespacedPersistentVolumeClaimStatus({ namespace, name, body }, merge);
    },
    async annotate(name, annotations) {
      const body = { metadata: { annotations } };
      await core.patchNamespacedPersistentVolumeClaim({ namespace, name, body }, merge);
    },
    async setPodStatus(name, status) {
      await core.patchNamespacedPodStatus({ namespace, name, body: { status } }, merge);
    },
    async complete({ metadata: { name = '' } = {} }) {
      const now = new Date().toISOString();
      const holds = (type: string) => ({ type, status: 'True', lastTransitionTime: now, lastProbeTime: now });
      const status = {
        ...{ startTime: now, completionTime: now, succeeded: 1, uncountedTerminatedPods: {} },
        conditions: [holds('SuccessCriteriaMet'), holds('Complete')],
      };
      await batch.patchNamespacedJobStatus({ namespace, name, body: { status } }, merge);
    },
    async arrive(replication, claim, site) {
      const path = `${namespace}/${replication}/${claim}`;
      const about = { sync: 'one', takenAt: '2026-01-02T03:04:05.000Z', snapshot: '0a'.repeat(32) };
      await createShipments({ client, bucket, path }).write({
        ...about,
        volume: { site, namespace, replication, claim },
        ...{ size: '1Gi', shippedAt: about.takenAt, content: { files: 0, bytes: 0 }, added: 0 },
        shipment: shipmentName({ ...about, site }),
      });
    },
    async stop() {
      client.destroy();
      await world.stop();
    },
  };
}

/** Resolves when there is one, and no other. */
export const only = <Value>(find: () => Promise<readonly Value[]>): Promise<Value> =>
  eventually(async () => {
    const [found, ...others] = await find();
    if (found === undefined || others.length > 0) throw new Error(`${others.length + (found ? 1 : 0)} found`);
    return found;
  });
