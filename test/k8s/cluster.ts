/** A control plane for one test file: etcd, kube-apiserver, and the API of those objects that Causeway works with. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  ApiextensionsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  loadAllYaml,
  RbacAuthorizationV1Api,
  type V1CustomResourceDefinition,
  type V1PolicyRule,
} from '@kubernetes/client-node';
import { vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { environment } from '../../infra/config/env.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { type Manifest, manifestSchema } from './apply.ts';
import { type Etcd, startEtcd } from './etcd.ts';
import { findClusterPrograms } from './programs.ts';

/** A program may have to be built first. */
export const setupMs = 40 * 60_000;

/** The projects whose definitions are in crds/. */
export type Definitions = 'snapshot' | 'groupsnapshot' | 'eventing' | 'serving' | 'keda' | 'monitoring';

export interface Cluster {
  readonly etcd: Etcd;
  readonly apiServer: ApiServer;
  /** What `kubectl apply -k` would apply of a folder. */
  kustomized(folder: string): Promise<Manifest[]>;
  /** Resolves when the API serves them. */
  define(...projects: readonly Definitions[]): Promise<void>;
  /** A ServiceAccount that may do this in every namespace, and nothing else; resolves to a token of its own. */
  account(name: string, rules: readonly V1PolicyRule[]): Promise<string>;
  /** Gives an account other rights. */
  allow(name: string, rules: readonly V1PolicyRule[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-k8s-'));
  const programs = await findClusterPrograms(environment, console.error);
  const etcd = await startEtcd({ binary: programs.etcd, dir: join(dir, 'etcd') });
  const apiServer = await startApiServer({ binary: programs.kubeApiserver, dir: join(dir, 'api'), etcd });
  const { admin } = apiServer;
  return {
    etcd,
    apiServer,
    async kustomized(folder) {
      const { stdout } = await run(programs.kustomize, ['build', folder], { maxBuffer: 16 * 1024 * 1024 });
      return parseAllDocuments(stdout).map((document) => manifestSchema.parse(document.toJS()));
    },
    async define(...projects) {
      const api = admin.makeApiClient(ApiextensionsV1Api);
      const definitions = (await Promise.all(projects.map(readDefinitions))).flat();
      await Promise.all(definitions.map((body) => api.createCustomResourceDefinition({ body })));
      const objects = admin.makeApiClient(CustomObjectsApi);
      const isServed = async ({ spec: { group, versions, names } }: V1CustomResourceDefinition) => {
        const version = versions.find(({ served }) => served)?.name ?? '';
        await objects.listClusterCustomObject({ group, version, plural: names.plural, limit: 1 });
      };
      await vi.waitFor(() => Promise.all(definitions.map(isServed)), { timeout: 30_000, interval: 100 });
    },
    async account(name, rules) {
      const core = admin.makeApiClient(CoreV1Api);
      const rbac = admin.makeApiClient(RbacAuthorizationV1Api);
      const namespace = 'default';
      const metadata = { name };
      await core.createNamespacedServiceAccount({ namespace, body: { metadata } });
      await rbac.createClusterRole({ body: { metadata, rules: [...rules] } });
      await rbac.createClusterRoleBinding({
        body: {
          metadata,
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
          subjects: [{ kind: 'ServiceAccount', name, namespace }],
        },
      });
      const { status } = await core.createNamespacedServiceAccountToken({
        name,
        namespace,
        body: { spec: { audiences: [], expirationSeconds: 3600 } },
      });
      return status?.token ?? '';
    },
    async allow(name, rules) {
      const rbac = admin.makeApiClient(RbacAuthorizationV1Api);
      await rbac.replaceClusterRole({ name, body: { metadata: { name }, rules: [...rules] } });
    },
    async stop() {
      await apiServer.stop();
      await etcd.stop();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const run = promisify(execFile);
const crds = fileURLToPath(new URL('crds/', import.meta.url));

async function readDefinitions(project: Definitions): Promise<V1CustomResourceDefinition[]> {
  const names = (await readdir(join(crds, project))).filter((name) => name.endsWith('.yaml'));
  const texts = await Promise.all(names.map((name) => readFile(join(crds, project, name), 'utf8')));
  return texts
    .flatMap((text) => loadAllYaml(text))
    .filter((document) => document?.kind === 'CustomResourceDefinition');
}
