/** Does what was planned: makes objects that are not there, removes and annotates those that are. */
import {
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { within } from '../resource.ts';
import type { ObjectRef, Steps } from './end.ts';
import type { Manifest } from './manifests.ts';
import type { Missing } from './observed.ts';
import { refusalOf } from './refusal.ts';

/** Resolves to what the API server refuses; throws where it cannot be asked. The rest is done all the same. */
export type CarryOut = (namespace: string, steps: Steps) => Promise<readonly Missing[]>;

const snapshots = { group: 'snapshot.storage.k8s.io', version: 'v1', plural: 'volumesnapshots' } as const;

export function createCarryOut(config: KubeConfig, signal: AbortSignal): CarryOut {
  const core = config.makeApiClient(CoreV1Api);
  const batch = config.makeApiClient(BatchV1Api);
  const custom = config.makeApiClient(CustomObjectsApi);
  const timed = within(signal);

  function create(namespace: string, body: Manifest): Promise<unknown> {
    switch (body.kind) {
      case 'VolumeSnapshot':
        return custom.createNamespacedCustomObject({ ...snapshots, namespace, body }, timed);
      case 'PersistentVolumeClaim':
        return core.createNamespacedPersistentVolumeClaim({ namespace, body }, timed);
      case 'Job':
        return batch.createNamespacedJob({ namespace, body }, timed);
    }
  }

  function remove(namespace: string, { kind, name, uid }: ObjectRef): Promise<unknown> {
    const body = { preconditions: { uid }, propagationPolicy: 'Background' };
    switch (kind) {
      case 'VolumeSnapshot':
        return custom.deleteNamespacedCustomObject({ ...snapshots, namespace, name, body }, timed);
      case 'PersistentVolumeClaim':
        return core.deleteNamespacedPersistentVolumeClaim({ namespace, name, body }, timed);
      case 'Job':
        return batch.deleteNamespacedJob({ namespace, name, body }, timed);
    }
  }

  const annotate = (
    namespace: string,
    { claim: name, annotations }: Steps['annotate'][number],
  ): Promise<unknown> =>
    core.patchNamespacedPersistentVolumeClaim(
      { namespace, name, body: { metadata: { annotations } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch, timed),
    );

  return async (namespace, steps) => {
    const refusals: Missing[] = [];
    const attempt = async (what: string, work: Promise<unknown>, isFine: (code: number) => boolean) => {
      try {
        await work;
      } catch (error) {
        const refusal = refusalOf(what, error);
        if (!refusal) throw error;
        if (!isFine(refusal.code)) refusals.push(refusal);
      }
    };
    for (const manifest of steps.create) {
      const what = `making ${manifest.kind} ${manifest.metadata.name}`;
      await attempt(what, create(namespace, manifest), (code) => code === 409);
    }
    for (const one of steps.annotate) {
      await attempt(`annotating claim ${one.claim}`, annotate(namespace, one), (code) => code === 404);
    }
    for (const ref of steps.remove) {
      // Another object has the name now, or none.
      const isGone = (code: number): boolean => code === 404 || code === 409;
      await attempt(`removing ${ref.kind} ${ref.name}`, remove(namespace, ref), isGone);
    }
    return refusals;
  };
}
