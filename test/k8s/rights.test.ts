/** What the accounts of the manifests may do, as the API server sees it: what their processes do, and nothing else. */
import { fileURLToPath } from 'node:url';
import {
  AuthorizationV1Api,
  CoreV1Api,
  RbacAuthorizationV1Api,
  type V1ResourceAttributes,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../../knative/crds/kinds.ts';
import { type Applier, createApplier, type Manifest } from './apply.ts';
import { type Cluster, setupMs, startCluster } from './cluster.ts';

const overlays = ['dispatcher', 'broker', 'controller'];
const namespace = 'causeway';

let cluster: Cluster;
let applier: Applier;
let objects: readonly Manifest[];

beforeAll(async () => {
  cluster = await startCluster();
  applier = createApplier(cluster.apiServer.admin);
  const folders = overlays.map((name) =>
    fileURLToPath(new URL(`../../knative/overlays/${name}`, import.meta.url)),
  );
  const built = (await Promise.all(folders.map((folder) => cluster.kustomized(folder)))).flat();
  objects = [...new Map(built.map((object) => [`${object.kind} ${object.metadata.name}`, object])).values()];
  for (const kind of ['Namespace', 'CustomResourceDefinition', 'ServiceAccount', ...roleKinds])
    for (const object of named(kind)) expect((await applier.apply(object)).object.message).toBeUndefined();
}, setupMs);
afterAll(async () => {
  await applier?.close();
  await cluster?.stop();
});

const roleKinds = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'];
const named = (kind: string): Manifest[] => objects.filter((object) => object.kind === kind);

/** As SubjectAccessReview has it: in every namespace where none is named. */
interface Doing extends Pick<V1ResourceAttributes, 'group' | 'subresource' | 'namespace'> {
  readonly verb: string;
  readonly resource: string;
}

const following = ['get', 'list', 'watch'];
const documents = kinds.map(({ plural: resource }) => ({ resource, group: 'causeway.dev', namespace }));

/** What each account's process asks of the API server. */
const does: Readonly<Record<string, readonly Doing[]>> = {
  'causeway-functions': [],
  'causeway-dispatcher': [],
  'causeway-sources': [],
  'causeway-nats': [],
  'causeway-controller': [
    { verb: 'create', resource: 'events', namespace },
    ...following.map((verb) => ({ verb, resource: 'secrets', namespace })),
    ...documents.flatMap((at) => [...following, 'patch'].map((verb) => ({ ...at, verb }))),
    ...documents.map((at) => ({ ...at, verb: 'patch', subresource: 'status' })),
    ...['get', 'create', 'update'].map((verb) => ({
      verb,
      resource: 'leases',
      group: 'coordination.k8s.io',
      namespace,
    })),
    ...[
      { resource: 'volumesnapshots', group: 'snapshot.storage.k8s.io' },
      { resource: 'volumegroupsnapshots', group: 'groupsnapshot.storage.k8s.io' },
    ].flatMap((at) => following.map((verb) => ({ ...at, verb }))),
    // Volumes are where their applications are.
    ...[...following, 'patch'].map((verb) => ({
      verb,
      resource: 'volumereplications',
      group: 'causeway.dev',
    })),
    ...[
      { resource: 'volumesnapshots', group: 'snapshot.storage.k8s.io' },
      { resource: 'persistentvolumeclaims' },
      { resource: 'jobs', group: 'batch' },
    ].flatMap((at) => [...following, 'create', 'delete'].map((verb) => ({ ...at, verb }))),
    ...[
      { resource: 'storageclasses', group: 'storage.k8s.io' },
      { resource: 'volumesnapshotclasses', group: 'snapshot.storage.k8s.io' },
    ].flatMap((at) => following.map((verb) => ({ ...at, verb }))),
    { verb: 'patch', resource: 'persistentvolumeclaims' },
    { verb: 'list', resource: 'pods' },
    { verb: 'get', resource: 'pods', namespace },
  ],
};

const rbac = 'rbac.authorization.k8s.io';
/** What would make more of an account than it is. */
const nobodys: readonly Doing[] = [
  ...['get', 'list', 'watch'].map((verb) => ({ verb, resource: 'secrets' })),
  { verb: 'get', resource: 'secrets', namespace: 'kube-system' },
  ...['create', 'update', 'patch', 'delete'].map((verb) => ({ verb, resource: 'secrets', namespace })),
  ...documents.flatMap((at) => ['create', 'delete', 'deletecollection'].map((verb) => ({ ...at, verb }))),
  { verb: 'create', resource: 'pods', subresource: 'exec' },
  { verb: 'create', resource: 'pods', subresource: 'attach' },
  { verb: 'create', resource: 'pods', namespace: 'kube-system' },
  { verb: 'create', resource: 'serviceaccounts', subresource: 'token' },
  { verb: 'get', resource: 'nodes', subresource: 'proxy' },
  { verb: 'impersonate', resource: 'users' },
  { verb: 'impersonate', resource: 'serviceaccounts' },
  ...['escalate', 'bind', 'create', 'update', 'patch'].flatMap((verb) =>
    ['roles', 'clusterroles'].map((resource) => ({ verb, resource, group: rbac })),
  ),
  ...['rolebindings', 'clusterrolebindings'].map((resource) => ({ verb: 'create', resource, group: rbac })),
  { verb: 'update', resource: 'customresourcedefinitions', group: 'apiextensions.k8s.io' },
  { verb: 'create', resource: 'validatingwebhookconfigurations', group: 'admissionregistration.k8s.io' },
];

const userOf = (account: string, of = namespace): string => `system:serviceaccount:${of}:${account}`;

async function may(user: string, resourceAttributes: Doing): Promise<boolean> {
  const api = cluster.apiServer.admin.makeApiClient(AuthorizationV1Api);
  const groups = ['system:authenticated', 'system:serviceaccounts'];
  const { status } = await api.createSubjectAccessReview({
    body: { spec: { user, groups, resourceAttributes } },
  });
  return status?.allowed ?? false;
}

/** Those of these that it may. */
async function allowed(user: string, doings: readonly Doing[]): Promise<Doing[]> {
  const answers = await Promise.all(doings.map((doing) => may(user, doing)));
  return doings.filter((_, index) => answers[index]);
}

/** Everything it may, as the API server tells the account itself. */
async function rulesOf(account: string, of: string, at: string): Promise<string[]> {
  const core = cluster.apiServer.admin.makeApiClient(CoreV1Api);
  const { status: given } = await core.createNamespacedServiceAccountToken({
    name: account,
    namespace: of,
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  });
  const own = cluster.apiServer.configOf(given?.token ?? '').makeApiClient(AuthorizationV1Api);
  const { status } = await own.createSelfSubjectRulesReview({ body: { spec: { namespace: at } } });
  return (status?.resourceRules ?? []).map((rule) => JSON.stringify(rule)).toSorted();
}

test('every account has its list', () => {
  expect(Object.keys(does).toSorted()).toEqual(
    named('ServiceAccount')
      .map(({ metadata }) => metadata.name)
      .toSorted(),
  );
});

describe.each(Object.keys(does))('%s', (account) => {
  const own = does[account] ?? [];

  test('may do what its process does', async () => {
    expect(await allowed(userOf(account), own)).toEqual(own);
  });

  test('may do nothing that would make more of it', async () => {
    expect(await allowed(userOf(account), nobodys)).toEqual([]);
  });
});

test.each(Object.keys(does).filter((account) => does[account]?.length === 0))(
  '%s may do no more than any account',
  async (account) => {
    const beside = `beside-${account}`;
    await cluster.apiServer.admin
      .makeApiClient(CoreV1Api)
      .createNamespacedServiceAccount({ namespace, body: { metadata: { name: beside } } });

    for (const at of [namespace, 'default', 'kube-system'])
      expect(await rulesOf(account, namespace, at)).toEqual(await rulesOf(beside, namespace, at));
  },
);

describe('whoever has the role of documents', () => {
  const resources = kinds.map(({ plural }) => plural);
  const on = (...verbs: readonly string[]): Doing[] =>
    resources.flatMap((resource) =>
      verbs.map((verb) => ({ verb, resource, group: 'causeway.dev', namespace })),
    );
  const [reading, writing] = [on('get', 'list', 'watch'), on('create', 'update', 'patch', 'delete')];

  test.each([
    ['view', reading, writing],
    ['edit', writing, reading],
  ] as const)('%s may do that and nothing else', async (name, wanted, other) => {
    await cluster.apiServer.admin.makeApiClient(RbacAuthorizationV1Api).createNamespacedRoleBinding({
      namespace,
      body: {
        metadata: { name },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: `causeway-documents-${name}` },
        subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
      },
    });
    const user = userOf(name, 'default');

    expect(await allowed(user, wanted)).toEqual(wanted);
    const elsewhere = wanted.map((doing) => ({ ...doing, namespace: 'default' }));
    const others = nobodys.filter(({ group }) => group !== 'causeway.dev');
    expect(await allowed(user, [...other, ...elsewhere, ...others])).toEqual([]);
  });
});
