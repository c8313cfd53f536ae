/** The kinds of snapshots that are told of, and what an account has to be allowed for it, in every namespace. */
import type { V1PolicyRule } from '@kubernetes/client-node';
import type { Snapshot } from '../../events/snapshot-events.ts';

export interface SnapshotKind {
  readonly kind: Snapshot['kind'];
  readonly group: string;
  readonly plural: string;
  /** The newest first: clusters differ in which they serve, what is read of them is the same. */
  readonly versions: readonly [string, ...string[]];
}

export const volumeSnapshots: SnapshotKind = {
  kind: 'VolumeSnapshot',
  group: 'snapshot.storage.k8s.io',
  plural: 'volumesnapshots',
  versions: ['v1'],
};
export const groupSnapshots: SnapshotKind = {
  kind: 'VolumeGroupSnapshot',
  group: 'groupsnapshot.storage.k8s.io',
  plural: 'volumegroupsnapshots',
  versions: ['v1', 'v1beta2', 'v1beta1'],
};
export const snapshotKinds = [volumeSnapshots, groupSnapshots] as const;

/** As people know it. */
export const resourceNameOf = ({ plural, group }: SnapshotKind): string => `${plural}.${group}`;

/** What to do where the cluster does not know it. */
export const installSnapshots = 'install the CRDs of external-snapshotter';

const rights = (...verbs: readonly string[]): readonly V1PolicyRule[] =>
  snapshotKinds.map(({ group, plural }) => ({
    apiGroups: [group],
    resources: [plural],
    verbs: [...verbs],
  }));

/** Of a watch. */
export const watchRights = rights('get', 'list', 'watch');
/** Of whoever asks about those that others tell of, and now and then about all. */
export const askRights = rights('get', 'list');
