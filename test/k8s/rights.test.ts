/** What the accounts of the manifests may do, as the API server sees it: what their processes do, and nothing else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AuthorizationV1Api,
  CoreV1Api,
  RbacAuthorizationV1Api,
  type V1ResourceAttributes,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { kinds } from '../../knative/crds/kinds.ts';
import { type Applier, createApplier, type Manifest } from './apply.ts';
import { type Cluster, setupMs, startCluster } from './cluster.ts';

/** With the components that give rights. */
const overlays = { dispatcher: ['snapshots'], broker: ['snapshots'], controller: [] };
const namespace = 'causeway';

let cluster: Cluster;
let applier: Applier;
let objects: readonly Manifest[];

beforeAll(async () => {
  cluster = await startCluster();
  applier = createApplier(cluster.apiServer.admin);
  const built = (await Promise.all(Object.entries(overlays).map(build))).flat();
  objects = [...new Map(built.map((object) => [`${object.kind} ${object.metadata.name}`, object])).values()];
  for (const kind of ['Namespace', 'CustomResourceDefinition', 'ServiceAccount', ...roleKinds])
    for (const object of named(kind)) expect((await applier.apply(object)).object.message).toBeUndefined();
}, setupMs);
afterAll(async () => {
  await applier?.close();
  await cluster?.stop();
});

async function build([overlay, components]: [string, readonly string[]]): Promise<Manifest[]> {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-rights-'));
  const at = (path: string) =>
    relative(dir, fileURLToPath(new URL(`../../knative/${path}`, import.meta.url)));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [at(`overlays/${overlay}`)],
    components: components.map((name) => at(`components/${name}`)),
  };
  await writeFile(join(dir, 'kustomization.yaml'), JSON.stringify(kustomization));
  try {
    return await cluster.kustomized(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

const roleKinds = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'];
const named = (kind: string): Manifest[] => objects.filter((object) => object.kind === kind);

/** As SubjectAccessReview has it: in every namespace where none is named. */
interface Doing extends Pick<V1ResourceAttributes, 'group' | 'subresource' | 'namespace'> {
  readonly verb: string;
  readonly resource: string;
}

const following = ['get', 'list', 'watch'];
const documents = kinds.map(({ plural: resource }) => ({ resource, group: 'causeway.dev', namespace }));

const snapshots = [
  { resource: 'volumesnapshots', group: 'snapshot.storage.k8s.io' },
  { resource: 'volumegroupsnapshots', group: 'groupsnapshot.storage.k8s.io' },
];
const on = (resources: readonly Omit<Doing, 'verb'>[], verbs: readonly string[]): Doing[] =>
  resources.flatMap((at) => verbs.map((verb) => ({ ...at, verb })));

/** What each account's process asks of the API server. */
const does: Readonly<Record<string, readonly Doing[]>> = {
  'causeway-functions': [],
  'causeway-dispatcher': on(snapshots, ['get', 'list']),
  'causeway-sources': on(snapshots, ['get', 'list']),
  'causeway-snapshots': on(snapshots, following),
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
    ...on(snapshots, following),
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

const ruleSchema = z.object({ verbs: z.array(z.string()), resources: z.array(z.string()) });

test.each(Object.keys(does).filter((account) => account !== 'causeway-controller'))(
  '%s may do no more than that and what any account may',
  async (account) => {
    const beside = `beside-${account}`;
    await cluster.apiServer.admin
      .makeApiClient(CoreV1Api)
      .createNamespacedServiceAccount({ namespace, body: { metadata: { name: beside } } });
    const own = does[account] ?? [];
    const rules = new Set(own.map(({ verb, resource }) => `${verb} ${resource}`));

    for (const at of [namespace, 'default', 'kube-system']) {
      const common = await rulesOf(beside, namespace, at);
      const added = (await rulesOf(account, namespace, at)).filter((rule) => !common.includes(rule));
      const told = added.map((rule) => ruleSchema.parse(JSON.parse(rule)));
      const named = told.flatMap(({ verbs, resources }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
      );
      expect(new Set(named)).toEqual(rules);
    }
  },
);

describe('whoever has the role of documents', () => {
  const resources = kinds.map(({ plural }) => plural);
  const all = resources.map((resource) => ({ resource, group: 'causeway.dev', namespace }));
  const [reading, writing] = [on(all, following), on(all, ['create', 'update', 'patch', 'delete'])];

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
