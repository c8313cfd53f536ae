/** A cluster with Causeway's definitions and accounts in it, sites, a NATS, and controllers as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CoreV1Api, CustomObjectsApi, KubernetesObjectApi, loadAllYaml } from '@kubernetes/client-node';
import { expect } from 'vitest';
import { type Bus, connectBus } from '../../infra/bus/connection.ts';
import { type ClusterObject, readObject } from '../../infra/cluster/cluster-object.ts';
import { conditionsSchema } from '../../infra/cluster/status-writer.ts';
import { environment } from '../../infra/config/env.ts';
import { Secret } from '../../infra/config/secret.ts';
import { type EmbeddedSite, type EmbeddedWorld, startEmbedded } from '../../infra/sites/embedded.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import type { BucketSetup } from '../../infra/sites/setup.ts';
import { files } from '../../knative/files.ts';
import { eventually } from '../e2e/awaiting.ts';
import { type Cluster, startCluster } from './cluster.ts';

const launcher = fileURLToPath(new URL('../../infra/cli/causeway.mjs', import.meta.url));
export const namespace = 'causeway';
const apiVersion = 'causeway.dev/v1alpha1';
const plurals = {
  Site: 'sites',
  ReplicationRule: 'replicationrules',
  VolumeReplication: 'volumereplications',
} as const;
export type DocumentKind = keyof typeof plurals;

export interface ControllerProcess {
  /** Its log so far, as objects. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  readonly gateway: string;
  isRunning(): boolean;
  kill(): Promise<void>;
  /** Resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface ControllerWorld {
  readonly cluster: Cluster;
  readonly embedded: EmbeddedWorld;
  readonly bus: Bus;
  site(name: string): EmbeddedSite;
  /** Under its own account's token, with the rights of the rendered manifests. */
  start(env?: Readonly<Record<string, string>>, args?: readonly string[]): Promise<ControllerProcess>;
  /** Of an account that is there, with a token of its own; resolves to a file. */
  kubeconfig(account: string): Promise<string>;
  create(kind: DocumentKind, name: string, spec: object): Promise<void>;
  /** With a merge patch. */
  change(kind: DocumentKind, name: string, spec: object): Promise<void>;
  remove(kind: DocumentKind, name: string): Promise<void>;
  get(kind: DocumentKind, name: string): Promise<ClusterObject | undefined>;
  /** A Secret with the keys of a site, or with others. */
  setSecret(name: string, site: string, keys?: Readonly<Record<string, string>>): Promise<void>;
  removeSecret(name: string): Promise<void>;
  /** Removes it, whatever finalizers it has. */
  force(kind: DocumentKind, name: string): Promise<void>;
  /** Ends every controller that runs; resolves with their exit codes. */
  stopAll(): Promise<(number | null)[]>;
  stop(): Promise<void>;
}

/** What a condition says: `True Reachable`. */
export function conditionOf(object: ClusterObject | undefined, type: string): string | undefined {
  const condition = conditionsSchema.parse(object?.status.conditions).find((one) => one.type === type);
  return condition && `${condition.status} ${condition.reason}`;
}

export const messageOf = (object: ClusterObject | undefined, type = 'Ready'): string | undefined =>
  conditionsSchema.parse(object?.status.conditions).find((one) => one.type === type)?.message;

export async function startControllerWorld(
  sites: readonly string[],
  buckets: readonly BucketSetup[],
): Promise<ControllerWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-controller-'));
  const report = (line: string): void => console.error(line);
  const cluster = await startCluster();
  const embedded = await startEmbedded({ dir, sites, buckets, environment, report });
  const { admin } = cluster.apiServer;
  await applyRendered(cluster);
  await cluster.define('snapshot');
  const core = admin.makeApiClient(CoreV1Api);
  const objects = admin.makeApiClient(CustomObjectsApi);
  const { nats } = embedded;
  const login = { user: nats.user, password: new Secret(nats.password) };
  const bus = await connectBus({ servers: [`${nats.host}:${nats.port}`], tls: false, login });
  const running = new Set<ControllerProcess>();

  async function kubeconfig(account: string): Promise<string> {
    const { status } = await core.createNamespacedServiceAccountToken({
      name: account,
      namespace,
      body: { spec: { audiences: [], expirationSeconds: 3600 } },
    });
    const file = join(dir, `${account}.json`);
    await writeFile(file, cluster.apiServer.configOf(status?.token ?? '').exportConfig(), { mode: 0o600 });
    return file;
  }

  const own = await kubeconfig('causeway-controller');
  const at = (kind: DocumentKind) => ({
    group: 'causeway.dev',
    version: 'v1alpha1',
    namespace,
    plural: plurals[kind],
  });
  const site = (name: string): EmbeddedSite => {
    const found = embedded.sites.find((one) => one.name === name);
    if (!found) throw new Error(`no site ${name}`);
    return found;
  };

  return {
    cluster,
    embedded,
    bus,
    site,
    kubeconfig,
    async start(env = {}, args = []) {
      const settings = {
        KUBECONFIG: own,
        CAUSEWAY_LOG: 'info',
        CAUSEWAY_LEASE: '3s',
        CAUSEWAY_REQUEST_DEADLINE: '2s',
        CAUSEWAY_NATS_URL: natsUrl(nats),
      };
      const process = await startProcess({ ...environment, ...settings, ...env }, args);
      running.add(process);
      return process;
    },
    async create(kind, name, spec) {
      const body = { apiVersion, kind, metadata: { name }, spec };
      await objects.createNamespacedCustomObject({ ...at(kind), body, fieldValidation: 'Strict' });
    },
    async change(kind, name, spec) {
      const found = await objects.getNamespacedCustomObject({ ...at(kind), name });
      const body = { ...found, spec: { ...found.spec, ...spec } };
      await objects.replaceNamespacedCustomObject({ ...at(kind), name, body });
    },
    async remove(kind, name) {
      await objects.deleteNamespacedCustomObject({ ...at(kind), name });
    },
    async force(kind, name) {
      const found = await objects.getNamespacedCustomObject({ ...at(kind), name });
      const body = { ...found, metadata: { ...found.metadata, finalizers: [] } };
      await objects.replaceNamespacedCustomObject({ ...at(kind), name, body });
      await objects.deleteNamespacedCustomObject({ ...at(kind), name });
    },
    async stopAll() {
      const ending = [...running].filter(({ isRunning }) => isRunning());
      running.clear();
      return Promise.all(ending.map((process) => process.stop()));
    },
    async get(kind, name) {
      try {
        return readObject(await objects.getNamespacedCustomObject({ ...at(kind), name }));
      } catch {
        return undefined;
      }
    },
    async setSecret(name, of, keys = {}) {
      const { accessKeyId, secretAccessKey } = site(of).credentials;
      const stringData = { accessKeyId, secretAccessKey: secretAccessKey.reveal(), ...keys };
      const body = { metadata: { name }, stringData };
      try {
        await core.createNamespacedSecret({ namespace, body });
      } catch {
        await core.replaceNamespacedSecret({ name, namespace, body });
      }
    },
    async removeSecret(name) {
      await core.deleteNamespacedSecret({ namespace, name });
    },
    async stop() {
      await Promise.all([...running].map((process) => process.kill()));
      await bus.close();
      await embedded.stop();
      await cluster.stop();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** As `kubectl apply -k knative/overlays/controller` does, but for what would need nodes. */
async function applyRendered(cluster: Cluster): Promise<void> {
  const { apiServer } = cluster;
  await createRendered(cluster, [
    'crds/sites.yaml',
    'crds/replicationrules.yaml',
    'crds/volumereplications.yaml',
    'core/namespace.yaml',
    'overlays/controller/access.yaml',
  ]);
  const objects = apiServer.admin.makeApiClient(CustomObjectsApi);
  for (const plural of Object.values(plurals)) {
    const list = { group: 'causeway.dev', version: 'v1alpha1', plural };
    await eventually(() => objects.listClusterCustomObject(list));
  }
}

/** The objects of these files under knative/. */
export async function createRendered({ apiServer }: Cluster, paths: readonly string[]): Promise<void> {
  const api = apiServer.admin.makeApiClient(KubernetesObjectApi);
  for (const path of paths) {
    for (const object of loadAllYaml(files.get(path) ?? '')) await api.create(object);
  }
}

async function startProcess(
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): Promise<ControllerProcess> {
  const child = spawn(
    process.execPath,
    [launcher, 'up', '--kubernetes', '--namespace', namespace, '--listen', '0', '--json', ...args],
    {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const log: Record<string, unknown>[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (environment.CAUSEWAY_TEST_LOG) console.error(line);
    log.push(line.startsWith('{') ? JSON.parse(line) : { msg: line });
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`it ended with ${code}: ${JSON.stringify(log)}`)),
  );
  ended.catch(() => undefined);
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  return {
    log,
    gateway: JSON.parse(String(line)).gateway,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: async () => void (await end(child, 'SIGKILL')),
    stop: () => end(child, 'SIGTERM'),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = await exited;
  return code;
}

/** Resolves when a condition says this of the object. */
export const says = (
  world: ControllerWorld,
  [kind, name]: readonly [DocumentKind, string],
  type: string,
  words: string,
  withinMs = 30_000,
): Promise<ClusterObject | undefined> =>
  eventually(async () => {
    const object = await world.get(kind, name);
    expect(`${conditionOf(object, type)}: ${messageOf(object, type)}`).toContain(words);
    return object;
  }, withinMs);
