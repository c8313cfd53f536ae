/** What is to be done at one end of one volume now, and how it stands there. */
import type { VolumeStatus } from '../../config/resource-status.ts';
import type { VolumeReplication } from '../../config/volume-replication.ts';
import type { Manifest } from './manifests.ts';
import { label } from './names.ts';
import type { Observed, SeenJob } from './observed.ts';

export interface ObjectRef {
  readonly kind: Manifest['kind'];
  readonly name: string;
  /** Another object that has the name now is left alone. */
  readonly uid: string;
}

export const refTo = (
  kind: ObjectRef['kind'],
  { name, uid }: { readonly name: string; readonly uid: string },
): ObjectRef => ({ kind, name, uid });

export interface Steps {
  readonly create: readonly Manifest[];
  readonly remove: readonly ObjectRef[];
  /** Annotations of claims. */
  readonly annotate: readonly {
    readonly claim: string;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

export const nothing: Steps = { create: [], remove: [], annotate: [] };

export interface End extends Steps {
  readonly state: 'idle' | 'working' | 'waiting' | 'failed';
  /** One word for programs: letters. */
  readonly reason: string;
  readonly message: string;
  readonly status: Omit<VolumeStatus, 'claim'>;
  /** What is under way at the source. */
  readonly sync?: string | undefined;
  readonly againAfterMs?: number | undefined;
}

export interface Owner {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly spec: VolumeReplication['spec'];
}

export interface Subject {
  readonly owner: Owner;
  /** Its name at the source. */
  readonly claim: string;
  readonly before: Omit<VolumeStatus, 'claim'>;
  readonly observed: Observed & { readonly place: NonNullable<Observed['place']> };
  /** Of the mover. */
  readonly image: string;
}

/** A Job that failed is made again after so long. */
export const retryMs = 5 * 60_000;

/** What tells nothing of itself is looked at again: a bucket, the pods of a Job. */
export const lookSoonMs = 5_000;

/** It cannot go on, and was made for another version of the document, which may have named what is not there. */
export const isOutdated = (
  { labels }: { readonly labels: Readonly<Record<string, string>> },
  { generation }: Owner,
): boolean => labels[label.generation] !== String(generation);

export const hangs = ({ state }: SeenJob): boolean =>
  state.kind === 'failed' || (state.kind === 'running' && state.trouble !== undefined);

export const ownedBy = ({ name, uid }: Owner) => ({
  ownerReferences: [
    {
      apiVersion: 'causeway.dev/v1alpha1',
      kind: 'VolumeReplication',
      name,
      uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
});

/** Beneath the bucket: one repository for each volume. */
export const pathOf = ({ namespace, name, spec }: Owner, claim: string): string =>
  `${spec.repository.path ?? `${namespace}/${name}`}/${claim}`;

/** How it stands with a mover whose pod does not run yet. */
export function whileWaiting(
  trouble: string,
  { spec }: Owner,
): Pick<End, 'state' | 'reason' | 'message' | 'againAfterMs'> {
  const { secretName } = spec.repository;
  if (/secret/i.test(trouble)) {
    const message = `${trouble}: create Secret ${secretName} with accessKeyId, secretAccessKey and password`;
    return { state: 'failed', reason: 'SecretMissing', message, againAfterMs: lookSoonMs };
  }
  return { state: 'waiting', reason: 'MoverWaits', message: trouble };
}
