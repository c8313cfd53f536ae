/** Does what was planned: makes objects that are not there, removes and annotates those that are. */
import {
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { z } from 'zod';
import { messageOf } from '../../../functions/errors.ts';
import { codeOf, within } from '../resource.ts';
import type { ObjectRef, Steps } from './end.ts';
import type { Manifest } from './manifests.ts';

export interface Refusal {
  /** One word for programs: letters. */
  readonly reason: 'Forbidden' | 'ApiMissing' | 'Refused';
  readonly message: string;
}

/** Resolves to what the API server refuses; throws where it cannot be asked. The rest is done all the same. */
export type CarryOut = (namespace: string, steps: Steps) => Promise<readonly Refusal[]>;

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
    const refusals: Refusal[] = [];
    const attempt = async (what: string, work: Promise<unknown>, isFine: (code: number) => boolean) => {
      try {
        await work;
      } catch (error) {
        const code = codeOf(error);
        if (code === undefined || code >= 500 || code === 429) throw error;
        if (!isFine(code)) refusals.push(refusalOf(what, code, error));
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

const bodySchema = z.object({ body: z.union([z.string(), z.object({ message: z.string() })]) });

/** What the API server says is told as it is: quotas and policies name themselves. */
function refusalOf(what: string, code: number, error: unknown): Refusal {
  const message = `${what}: ${wordsOf(error)}`;
  if (code === 403 || code === 401) return { reason: 'Forbidden', message };
  if (code === 404)
    return { reason: 'ApiMissing', message: `${what}: the cluster does not know such objects` };
  return { reason: 'Refused', message };
}

function wordsOf(error: unknown): string {
  const { data } = bodySchema.safeParse(error);
  if (!data) return messageOf(error);
  if (typeof data.body !== 'string') return data.body.message;
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(data.body)).message;
  } catch {
    return data.body.slice(0, 500);
  }
}
