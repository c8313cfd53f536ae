/**
 * The dispatcher's overlay as pods, with the accounts, probes, settings and limits that it has: NATS makes its cluster of
 * three, functions become ready, what is written at one site arrives at the other, and snapshots are told.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { CoreV1Api, type V1Pod, type V1Service } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { functions } from '../../functions/index.ts';
import { connectBus } from '../../infra/bus/connection.ts';
import { environment } from '../../infra/config/env.ts';
import { Secret } from '../../infra/config/secret.ts';
import type { HttpServer } from '../../infra/host/http-server.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import { bundle } from '../../knative/bundling.ts';
import { natsImage } from '../../knative/objects/names.ts';
import { credentialsOf } from '../e2e/causeway-process.ts';
import { siteDocuments } from '../e2e/site-documents.ts';
import { startWorld, type World } from '../e2e/world.ts';
import { serviceAddress } from '../k8s/api-server.ts';
import { eventOf, postBinary } from '../k8s/api-server-source.ts';
import { type Applier, createApplier, inOrder, type Manifest } from '../k8s/apply.ts';
import { type Cluster, setupMs, startCluster } from '../k8s/cluster.ts';
import { factsAbout, site, snapshotEvents, snapshotter } from '../k8s/snapshot-world.ts';
import { writeImage } from './image.ts';
import { deploymentOf, isFunction, serviceLabel, startKnativeGateway } from './knative.ts';
import { startNames } from './names.ts';
import { gatewayAddress, type Node, nodeName, openNetwork, pauseImage, startNode } from './node.ts';
import { findNodePrograms } from './programs.ts';

const namespace = 'causeway';
const image = { name: 'registry.example/causeway', tag: '0.1.0' };
const bucket = 'photos';
const login = { user: 'causeway', password: new Secret('0a1b2c3d4e5f') };
const knative = fileURLToPath(new URL('../../knative', import.meta.url));

let dir: string;
let cluster: Cluster;
let node: Node;
let world: World;
let applier: Applier;
let core: CoreV1Api;
let pods: readonly V1Pod[] = [];
let services: readonly V1Service[] = [];
let gateway: HttpServer;
let names: { close(): void };
let looking: NodeJS.Timeout;
const passages: Server[] = [];

beforeAll(async () => {
  // Sockets have short names.
  dir = await mkdtemp('/tmp/causeway-node-');
  await openNetwork();
  cluster = await startCluster();
  const { admin } = cluster.apiServer;
  core = admin.makeApiClient(CoreV1Api);
  applier = createApplier(admin);
  world = await startWorld(['east', 'west'], [{ name: bucket }]);
  const programs = await findNodePrograms(environment, console.error);
  node = await startNode({ programs, dir: join(dir, 'node'), admin });
  await loadImages();
  await cluster.define('eventing', 'snapshot');
  await openPassageTo(Number(new URL(cluster.apiServer.url).port), { host: serviceAddress, port: 443 });
  looking = setInterval(() => void look().catch(() => undefined), 500);
  names = await startNames(gatewayAddress, addressesOf);
  gateway = await startKnativeGateway(gatewayAddress, (name) => ready(serviceLabel, name)[0]);
  await applyOverlay();
}, setupMs);

afterAll(async () => {
  clearInterval(looking);
  names?.close();
  for (const passage of passages) passage.close();
  await gateway?.close(0);
  await node?.stop();
  await applier?.close();
  await cluster?.stop();
  await world?.stop();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}, 120_000);

async function loadImages(): Promise<void> {
  const app = join(dir, 'app');
  await bundle(app);
  const nats = await findBinary('nats-server', environment, console.error);
  const [runsNode, entry] = ['/usr/local/bin/node', '/usr/bin/sleep'];
  for (const made of [
    {
      name: `${image.name}:${image.tag}`,
      programs: { [runsNode]: process.execPath },
      folders: { '/app': app },
      entrypoint: [runsNode],
    },
    { name: `docker.io/library/${natsImage}`, programs: { '/usr/local/bin/nats-server': nats } },
    { name: pauseImage, programs: { [entry]: entry }, entrypoint: [entry, 'infinity'] },
  ]) {
    const file = join(dir, 'image.tar');
    await writeImage(made, file);
    await node.load(file);
  }
}

async function look(): Promise<void> {
  [{ items: pods }, { items: services }] = await Promise.all([
    core.listNamespacedPod({ namespace }),
    core.listNamespacedService({ namespace }),
  ]);
}

const isReady = ({ status }: V1Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
const addresses = (found: readonly V1Pod[]): string[] => found.flatMap(({ status }) => status?.podIP ?? []);
const ready = (label: string, value: string): string[] =>
  addresses(pods.filter((pod) => isReady(pod) && pod.metadata?.labels?.[label] === value));

function addressesOf(name: string): readonly string[] | undefined {
  const [rest = '', suffix] = name.split(`.${namespace}.svc.cluster.local`);
  if (suffix !== '') return undefined;
  const [service = '', pod] = rest.split('.').toReversed();
  if (functions.some((known) => known.name === service)) return [gatewayAddress];
  const { selector = {}, publishNotReadyAddresses } =
    services.find(({ metadata }) => metadata?.name === service)?.spec ?? {};
  const chosen = pods.filter(
    (one) =>
      Object.keys(selector).length > 0 &&
      Object.entries(selector).every(([key, value]) => one.metadata?.labels?.[key] === value) &&
      (publishNotReadyAddresses || isReady(one)) &&
      (pod === undefined || one.metadata?.name === pod),
  );
  return chosen.length > 0 ? addresses(chosen) : undefined;
}

/** A port of this machine's own loopback, where pods can reach it. */
async function openPassage(endpoint: string): Promise<string> {
  const { port } = new URL(endpoint);
  await openPassageTo(Number(port), { host: gatewayAddress, port: Number(port) });
  return `http://${gatewayAddress}:${port}`;
}

async function openPassageTo(own: number, at: { readonly host: string; readonly port: number }) {
  const passage = createServer((from) => {
    const to = connect(own, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const)
      one.on('error', () => other.destroy()).pipe(other);
  });
  await new Promise<void>((resolve) => passage.listen(at.port, at.host, resolve));
  passages.push(passage);
}

async function applyOverlay(): Promise<void> {
  const own = join(dir, 'deployment');
  await mkdir(own);
  let documents = siteDocuments(world.embedded, { name: bucket, spec: ['scan: { every: 2s }'] });
  for (const { server } of world.embedded.sites) {
    documents = documents.replaceAll(server.endpoint, await openPassage(server.endpoint));
  }
  const keys = Object.entries(credentialsOf(world.embedded)).map(([key, value]) => `${key}=${value}`);
  await writeFile(join(own, 'causeway.yaml'), documents);
  await writeFile(join(own, 'sites.env'), keys.join('\n'));
  await writeFile(join(own, 'nats.env'), `user=${login.user}\npassword=${login.password.reveal()}\n`);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace,
    resources: [relative(own, join(knative, 'overlays/dispatcher'))],
    components: [relative(own, join(knative, 'components/snapshots'))],
    images: [{ name: 'causeway', newName: image.name, newTag: image.tag }],
    configMapGenerator: [
      { name: 'causeway-documents', files: ['causeway.yaml'] },
      { name: 'causeway-cluster', literals: [`site=${site}`] },
    ],
    secretGenerator: [
      { name: 'causeway-credentials', envs: ['sites.env'] },
      { name: 'causeway-nats', envs: ['nats.env'] },
    ],
  };
  await writeFile(join(own, 'kustomization.yaml'), JSON.stringify(kustomization));
  const objects = (await cluster.kustomized(own)).map((object) =>
    isFunction(object) ? deploymentOf(object) : object,
  );
  for (const object of inOrder([...(await volumes()), ...objects]))
    expect((await applier.apply(onSmallMachine(object))).object.message).toBeUndefined();
}

/** The machine has two processors. */
function onSmallMachine(object: Manifest): Manifest {
  return JSON.parse(JSON.stringify(object), (key, value) => (key === 'cpu' ? '10m' : value));
}

/** What a default StorageClass would make. */
async function volumes(): Promise<Manifest[]> {
  const made: Manifest[] = [
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
  ];
  for (const name of ['volume-0', 'volume-1', 'volume-2']) {
    const path = join(dir, name);
    await mkdir(path);
    const onNode = { key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] };
    made.push({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '24Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
      },
    });
  }
  return made;
}

const unready = (): string[] =>
  pods
    .filter((pod) => !isReady(pod))
    .map(({ metadata, status }) => {
      const [container] = status?.containerStatuses ?? [];
      const { waiting, terminated } = container?.state ?? {};
      const why = waiting ?? terminated ?? status?.conditions?.find(({ status: is }) => is === 'False');
      return `${metadata?.name}: ${why?.reason} ${why?.message ?? ''}`;
    });

test('every pod becomes ready', async () => {
  const count = functions.length + 3 + 2;

  await expect
    .poll(() => [pods.length, unready()], { timeout: 150_000, interval: 1000 })
    .toEqual([count, []]);
});

async function put(key: string): Promise<unknown> {
  const [east] = world.embedded.sites;
  if (!east) throw new Error('no site');
  const client = rootClient(east.server);
  const { VersionId: versionId } = await client.send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'a cat' }),
  );
  client.destroy();
  return expect.objectContaining({ key, versionId });
}
const arrived = async () => (await world.store('west').list(bucket, { prefix: '', limit: 10 })).versions;

test('what is written at one site arrives at the other', async () => {
  const written = await put('a cat.jpg');

  await expect.poll(arrived, { timeout: 60_000, interval: 1000 }).toEqual([written]);
});

test('what an ApiServerSource posts is told by a dispatcher, which asks the API server with the token of its pod', async () => {
  const nats = ready('app.kubernetes.io/component', 'nats').map((address) => `${address}:4222`);
  const bus = await connectBus({ servers: nats, tls: false, login });
  const [dispatcher] = ready('app.kubernetes.io/component', 'dispatcher');
  const made = await snapshotter(cluster.apiServer.admin).create('daily');

  const answer = await postBinary(`http://${dispatcher}:8080/snapshots`, eventOf('ADDED', made));

  expect([answer.status, await answer.text()]).toEqual([202, '']);
  expect(factsAbout('daily', await snapshotEvents(bus))).toEqual(['created']);
  await bus.close();
});

test('a dispatcher and a NATS server that are lost are replaced, and what is written meanwhile arrives', async () => {
  const lost = ['causeway-dispatcher', 'causeway-nats'].flatMap(
    (name) => pods.find(({ metadata }) => metadata?.name?.startsWith(name)) ?? [],
  );
  for (const { metadata } of lost) await core.deleteNamespacedPod({ namespace, name: metadata?.name ?? '' });
  const written = await put('another cat.jpg');

  await expect
    .poll(arrived, { timeout: 60_000, interval: 1000 })
    .toEqual([expect.objectContaining({ key: 'a cat.jpg' }), written]);
  const uids = new Set(lost.map(({ metadata }) => metadata?.uid));
  const left = () => pods.filter(({ metadata }) => uids.has(metadata?.uid)).length;
  await expect.poll(() => [left(), unready()], { timeout: 120_000, interval: 1000 }).toEqual([0, []]);
  expect(lost).toHaveLength(2);
});
