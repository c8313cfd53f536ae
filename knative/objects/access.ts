/**
 * Who may do what. Of the pods, the controller alone speaks to the API server, with the rights that its parts ask for; the
 * others' accounts have no role, and no token is mounted. People get the documents with the roles they have.
 */
import type { IClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
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
} as const;

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

export const serviceAccount = (of: keyof typeof account): IServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: account[of], namespace, labels: { ...partOf } },
  automountServiceAccountToken: false,
});

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
