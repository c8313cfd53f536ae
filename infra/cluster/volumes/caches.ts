/** What volumes are made of, in every namespace, as caches; what they may not be told becomes something that is missing. */
import { unlessAborted } from '../../host/pause.ts';
import type { Named } from '../cluster-object.ts';
import type { ControllerContext } from '../controller.ts';
import { startInformer } from '../informer.ts';
import { createResource } from '../resource.ts';
import type { Changed } from './concerns.ts';
import type { Missing, Observed } from './observed.ts';
import { type Read, readClaim, readClass, readJob, readSnapshotObject } from './read.ts';

const snapshotGroup = 'snapshot.storage.k8s.io';
const snapshotApi = { group: snapshotGroup, version: 'v1', plural: 'volumesnapshots' } as const;
const claimApi = { group: '', version: 'v1', plural: 'persistentvolumeclaims' } as const;
const jobApi = { group: 'batch', version: 'v1', plural: 'jobs' } as const;
const storageClassApi = { group: 'storage.k8s.io', version: 'v1', plural: 'storageclasses' } as const;
const snapshotClassApi = { group: snapshotGroup, version: 'v1', plural: 'volumesnapshotclasses' } as const;

/** What is made and removed beside what is looked at. */
export const made = [snapshotApi, claimApi, jobApi] as const;
export const patched = claimApi;
export const lookedAt = [storageClassApi, snapshotClassApi] as const;

export type Cached = Pick<Observed, 'claims' | 'snapshots' | 'jobs' | 'storageClasses' | 'snapshotClasses'>;

export interface Caches {
  /** Resolves when all have been read, or may not be. */
  readonly looked: Promise<unknown>;
  /** What is there for a namespace and does not go. */
  of(namespace: string): Cached;
  /** What may not be read of what is needed: snapshots are not everybody's need. */
  missing(needsSnapshots: boolean): Missing[];
}

/** `changed`: something of a namespace did; of all, where no namespace is named. */
export function startCaches(
  { config, clock, observer, signal }: ControllerContext,
  changed: (namespace: string | undefined, what?: Changed) => void,
): Caches {
  const troubles = new Map<string, Missing>();

  function cache<Seen extends Changed>(
    api: (typeof made)[number] | (typeof lookedAt)[number],
    read: (value: unknown) => (Named & Read<Seen>) | undefined,
  ) {
    const looked = Promise.withResolvers<void>();
    const informer = startInformer({
      name: `${api.plural}.${api.group}`,
      install: 'install the CRDs of external-snapshotter',
      resource: createResource(config, api),
      read,
      onChange: (_, { metadata: { namespace }, seen }) => changed(namespace || undefined, seen),
      observer: {
        watching(name) {
          observer.watching(name);
          if (troubles.delete(api.plural)) changed(undefined);
          looked.resolve();
        },
        troubled(name, problem, code) {
          observer.troubled(name, problem);
          const reason = code === 404 ? 'ApiMissing' : 'Forbidden';
          // Anything else passes, and what is known is still good.
          if (code !== 404 && code !== 403 && code !== 401) return;
          troubles.set(api.plural, { reason, message: problem });
          changed(undefined);
          looked.resolve();
        },
      },
      ...{ clock, signal },
    });
    return { informer, looked: looked.promise };
  }

  const claims = cache(claimApi, readClaim);
  const jobs = cache(jobApi, readJob);
  const snapshots = cache(snapshotApi, readSnapshotObject);
  const storageClasses = cache(storageClassApi, readClass);
  const snapshotClasses = cache(snapshotClassApi, readClass);
  const all = [claims, jobs, snapshots, storageClasses, snapshotClasses];

  const seenIn = <Seen extends Changed>(
    { informer }: ReturnType<typeof cache<Seen>>,
    namespace: string,
  ): Seen[] =>
    informer
      .all()
      .filter(({ metadata, isGoing }) => metadata.namespace === namespace && !isGoing)
      .map(({ seen }) => seen);

  const looked = unlessAborted(Promise.all(all.map((one) => one.looked)), signal);
  // Whoever asks is told.
  looked.catch(() => undefined);

  return {
    looked,
    of: (namespace) => ({
      claims: seenIn(claims, namespace),
      jobs: seenIn(jobs, namespace),
      snapshots: seenIn(snapshots, namespace),
      storageClasses: seenIn(storageClasses, ''),
      snapshotClasses: seenIn(snapshotClasses, ''),
    }),
    missing: (needsSnapshots) =>
      [...troubles]
        .filter(([plural]) => needsSnapshots || !plural.startsWith('volumesnapshot'))
        .map(([, missing]) => missing),
  };
}
