/** What Kubernetes' own controllers take away: objects whose owner is gone, and what protects claims that no pod uses. */

import { setTimeout as sleep } from 'node:timers/promises';
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { z } from 'zod';
import { namespace } from './controller-world.ts';
import type { VolumesWorld } from './volumes-world.ts';

const everyMs = 200;
const protection = 'kubernetes.io/pvc-protection';
const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const documentsSchema = z.object({ items: z.array(z.object({ metadata: z.object({ uid: z.string() }) })) });
const documents = { group: 'causeway.dev', version: 'v1alpha1', plural: 'volumereplications', namespace };

interface Owned {
  readonly metadata?: {
    readonly name?: string;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
}

export function keepHouse(world: VolumesWorld): { stop(): Promise<void> } {
  const end = new AbortController();
  const ended = (async () => {
    while (!end.signal.aborted) {
      // Somebody else may have been faster.
      await tidy(world).catch(() => undefined);
      await sleep(everyMs, undefined, { signal: end.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      end.abort();
      await ended;
    },
  };
}

async function tidy({ core, custom, listed, removeMade }: VolumesWorld): Promise<void> {
  // In this order: an owner that is missing afterwards is gone.
  const { jobs, claims, snapshots } = await listed();
  const found = documentsSchema.parse(await custom.listNamespacedCustomObject(documents));
  const owners = new Set(found.items.map(({ metadata }) => metadata.uid));
  const collect = async (
    kind: Parameters<typeof removeMade>[0],
    objects: readonly Owned[],
  ): Promise<void> => {
    for (const { metadata: { name = '', ownerReferences = [] } = {} } of objects) {
      const isLeft = ownerReferences.length > 0 && ownerReferences.every(({ uid }) => !owners.has(uid));
      if (isLeft) await removeMade(kind, { name });
    }
  };
  await collect('Job', jobs);
  await collect('PersistentVolumeClaim', claims);
  await collect('VolumeSnapshot', snapshots);
  for (const { metadata } of claims) {
    if (!metadata?.deletionTimestamp || !metadata.finalizers?.includes(protection)) continue;
    const body = { metadata: { finalizers: metadata.finalizers.filter((one) => one !== protection) } };
    await core.patchNamespacedPersistentVolumeClaim({ namespace, name: metadata.name ?? '', body }, merge);
  }
}
