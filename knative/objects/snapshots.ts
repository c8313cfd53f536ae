/**
 * What happens to volume snapshots, from Knative's ApiServerSources to whatever takes notifications: the dispatcher, or
 * the sources of the Broker. It takes the events for hints, and asks the API server itself.
 */
import type { IApiServerSource } from '@kubernetes-models/knative/sources.knative.dev/v1/ApiServerSource';
import type { IService } from 'kubernetes-models/v1/Service';
import {
  askRights,
  groupSnapshots,
  type SnapshotKind,
  volumeSnapshots,
  watchRights,
} from '../../infra/cluster/snapshot-kinds.ts';
import type { Patch } from '../kustomization.ts';
import { account, clusterAccess } from './access.ts';
import { siteSetting } from './container.ts';
import { nameOf, namespace, partOf, sinkPort, snapshotsRole } from './names.ts';

const name = 'causeway-snapshots';

export const snapshotAccess = [
  // Knative looks whether a source's account may get what it follows, too.
  ...clusterAccess(name, watchRights, 'snapshots'),
  ...clusterAccess(`${name}-asked`, askRights, 'dispatcher', 'sources'),
] as const;

/** One for each kind: a source of which the cluster does not know a kind tells nothing of the others either. */
const sourceOf = (source: string, { group, versions, kind }: SnapshotKind): IApiServerSource => ({
  apiVersion: 'sources.knative.dev/v1',
  kind: 'ApiServerSource',
  metadata: { name: source, namespace, labels: { ...partOf } },
  spec: {
    mode: 'Resource',
    resources: [{ apiVersion: `${group}/${versions[0]}`, kind }],
    // Of every namespace.
    namespaceSelector: {},
    serviceAccountName: account.snapshots,
    sink: { ref: { apiVersion: 'v1', kind: 'Service', name }, uri: '/snapshots' },
  },
});

export const snapshotSource = sourceOf('snapshots', volumeSnapshots);
export const groupSnapshotSource = sourceOf('groupsnapshots', groupSnapshots);

/** Whichever overlay they are of. */
export const snapshotSink: IService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, labels: { ...partOf } },
  spec: { selector: snapshotsRole, ports: [sinkPort] },
};

const inPod = '/spec/template/spec';
/** Chosen by the sink, told which site it stands beside, and given the token of its account. */
export const takesSnapshots: Patch = {
  target: { kind: 'Deployment', name: [nameOf('dispatcher'), nameOf('sources')].join('|') },
  patch: JSON.stringify([
    ...Object.entries(snapshotsRole).map(([label, value]) => ({
      op: 'add',
      path: `/spec/template/metadata/labels/${label.replaceAll('/', '~1')}`,
      value,
    })),
    { op: 'replace', path: `${inPod}/automountServiceAccountToken`, value: true },
    { op: 'add', path: `${inPod}/containers/0/env/-`, value: siteSetting },
  ]),
};
