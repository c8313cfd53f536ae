/** The controller: what it may do, as its parts in infra/cluster say themselves, and its Deployment. */
import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import type { IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { controllers } from '../../infra/cluster/controllers.ts';
import { leaseRights } from '../../infra/cluster/lease.ts';
import { clusterAccess, subjectsOf } from './access.ts';
import { siteSetting } from './container.ts';
import { nameOf, namespace, partOf } from './names.ts';
import { workload } from './workload.ts';

const name = nameOf('controller');

/** Secrets and documents of its own namespace, and no other's. */
const role: IRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name, namespace, labels: { ...partOf } },
  rules: [...leaseRights, ...controllers.flatMap(({ rights }) => rights.own)],
};

const roleBinding: IRoleBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name, namespace, labels: { ...partOf } },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
  subjects: subjectsOf('controller'),
};

export const controllerAccess = [
  role,
  roleBinding,
  ...clusterAccess(
    name,
    controllers.flatMap(({ rights }) => rights.everywhere),
    'controller',
  ),
] as const;

/** Follows the custom resources, and runs what they say, in one of its pods: the other is there to take its place. */
export const controller = workload({
  component: 'controller',
  args: ['/app/causeway.mjs', 'up', '--kubernetes', '--host', '0.0.0.0'],
  env: [siteSetting],
  resources: { cpu: '500m', memory: '1Gi' },
  documents: 'in the cluster',
});
