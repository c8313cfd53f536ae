/**
 * Who may do what. Of the pods, the controller alone speaks to the API server, with the rights that its parts ask for; the
 * others' accounts have no role, and no token is mounted, but for what a component adds. People get the documents with the
 * roles they have.
 */
import type { V1PolicyRule } from '@kubernetes/client-node';
import type { IClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import type { IClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import type { INamespace } from 'kubernetes-models/v1/Namespace';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { kinds } from '../crds/kinds.ts';
import { nameOf, namespace, partOf } from './names.ts';

export const account = {
  functions: 'causeway-functions',
  receiver: 'causeway-receiver',
  controller: nameOf('controller'),
  dispatcher: nameOf('dispatcher'),
  sources: nameOf('sources'),
  nats: nameOf('nats'),
  /** Of the pods that Knative makes of an ApiServerSource. */
  snapshots: 'causeway-snapshots',
} as const;
type Account = keyof typeof account;

export const theNamespace: INamespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: namespace,
    labels: {
      ...partOf,
      // Ours would pass `restricted`; what Knative puts beside them is Knative's.
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/warn': 'restricted',
      'pod-security.kubernetes.io/audit': 'restricted',
    },
  },
};

/** Pods of ours say themselves that they want its token; those that others make of our objects do not. */
export const serviceAccount = (of: Account, hasToken = false): IServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: account[of], namespace, labels: { ...partOf } },
  automountServiceAccountToken: hasToken,
});

export const subjectsOf = (...accounts: readonly Account[]) =>
  accounts.map((of) => ({ kind: 'ServiceAccount', name: account[of], namespace }));

/** In every namespace. */
export const clusterAccess = (
  name: string,
  rules: readonly V1PolicyRule[],
  ...accounts: readonly Account[]
): [IClusterRole, IClusterRoleBinding] => {
  const metadata = { name, labels: { ...partOf } };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules: [...rules] },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: subjectsOf(...accounts),
    },
  ];
};

const resources = kinds.map(({ plural }) => plural);
const documentRole = (name: string, verbs: readonly string[], ...joins: readonly string[]): IClusterRole => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: {
    name: `causeway-documents-${name}`,
    labels: {
      ...partOf,
      ...Object.fromEntries(joins.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true'])),
    },
  },
  rules: [{ apiGroups: ['causeway.dev'], resources, verbs: [...verbs] }],
});

export const documentRoles: readonly IClusterRole[] = [
  documentRole('view', ['get', 'list', 'watch'], 'view', 'edit', 'admin'),
  documentRole('edit', ['create', 'update', 'patch', 'delete', 'deletecollection'], 'edit', 'admin'),
];
