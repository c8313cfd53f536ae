/** The controller: what it may do, as its parts in infra/cluster say themselves, and its Deployment. */
import type { IClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import type { IClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import type { IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { controllers } from '../../infra/cluster/controllers.ts';
import { leaseRights } from '../../infra/cluster/lease.ts';
import { account } from './access.ts';
import { clusterSettings, nameOf, namespace, partOf } from './names.ts';
import { workload } from './workload.ts';

const name = nameOf('controller');
const roleRef = (kind: 'Role' | 'ClusterRole') => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const subjects = [{ kind: 'ServiceAccount', name: account.controller, namespace }];

/** Secrets and documents of its own namespace, and no other's. */
const role: IRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name, namespace, labels: { ...partOf } },
  rules: [...leaseRights, ...controllers.flatMap(({ rights }) => rights.own)],
};

const clusterRole: IClusterRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, labels: { ...partOf } },
  rules: controllers.flatMap(({ rights }) => rights.everywhere),
};

const roleBinding: IRoleBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name, namespace, labels: { ...partOf } },
  roleRef: roleRef('Role'),
  subjects,
};

const clusterRoleBinding: IClusterRoleBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name, labels: { ...partOf } },
  roleRef: roleRef('ClusterRole'),
  subjects,
};

export const controllerAccess = [role, roleBinding, clusterRole, clusterRoleBinding] as const;

/** Follows the custom resources, and runs what they say, in one of its pods: the other is there to take its place. */
export const controller = workload({
  component: 'controller',
  args: ['/app/causeway.mjs', 'up', '--kubernetes', '--host', '0.0.0.0'],
  env: [
    {
      name: 'CAUSEWAY_SITE',
      valueFrom: { configMapKeyRef: { name: clusterSettings, key: 'site', optional: true } },
    },
  ],
  resources: { cpu: '500m', memory: '1Gi' },
  documents: 'in the cluster',
});
