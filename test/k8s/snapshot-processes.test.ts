/**
 * Snapshots told by processes as users run them, under their own accounts' tokens: the controller, which watches, and
 * the dispatcher and the Broker's sources, which take what an ApiServerSource posts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { groupSnapshots, volumeSnapshots } from '../../infra/cluster/snapshot-kinds.ts';
import type { Environment } from '../../infra/config/env.ts';
import type { Served } from '../contract/serve/process.ts';
import { eventually } from '../e2e/awaiting.ts';
import { endWell } from '../e2e/served-world.ts';
import { eventOf, postBinary, postStructured, startApiServerSource } from './api-server-source.ts';
import { setupMs } from './cluster.ts';
import {
  type ControllerProcess,
  type ControllerWorld,
  createRendered,
  startControllerWorld,
} from './controller-world.ts';
import { factsAbout, site, snapshotEvents, snapshotter } from './snapshot-world.ts';
import { type Heard, startBroker, startTaker } from './source-processes.ts';

let world: ControllerWorld;
let dir: string;
let broker: Heard;
let controller: ControllerProcess;
let sources: Served;
let dispatcher: Served;
let snapshots: ReturnType<typeof snapshotter>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-sources-'));
  world = await startControllerWorld([], []);
  snapshots = snapshotter(world.cluster.apiServer.admin);
  await createRendered(world.cluster, [
    'overlays/broker/sources.yaml',
    'overlays/dispatcher/dispatcher.yaml',
    'components/snapshots/access.yaml',
  ]);
  broker = await startBroker();
  controller = await world.start({}, ['--site', site]);
  const env = { CAUSEWAY_SITE: site, K_SINK: `http://127.0.0.1:${broker.server.port}` };
  sources = await startTaker('sources', { world, dir, env });
  dispatcher = await startTaker('dispatch', { world, dir, env });
}, setupMs);
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  await endWell([sources, dispatcher].filter(Boolean));
  await broker?.server.close(0);
  await world?.stop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

const sinkOf = ({ url }: Served): string => `${url}/snapshots`;
const onStream = async (name: string) => factsAbout(name, await snapshotEvents(world.bus));
const atBroker = (name: string) => factsAbout(name, broker.events);
const streamTells = (name: string, facts: readonly string[]) =>
  eventually(async () => expect(await onStream(name)).toEqual(facts));
const brokerHears = (name: string, facts: readonly string[]) =>
  eventually(() => expect(atBroker(name)).toEqual(facts));

/** As Knative runs it, under the account of the manifests; until the end of the test. */
async function startSource(followed = volumeSnapshots): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(await world.kubeconfig('causeway-snapshots'));
  const { group, plural, versions } = followed;
  const sinks = [sinkOf(sources), sinkOf(dispatcher)];
  stops.push(await startApiServerSource(config, { group, plural, version: versions[0] }, sinks));
}

/** Until the end of the test. */
async function startSources(env: Environment): Promise<Served> {
  const started = await startTaker('sources', { world, dir, env });
  stops.push(() => endWell([started]));
  return started;
}

test('the controller, run with the name of its site, tells a life as it happens', async () => {
  await snapshots.create('watched');
  await streamTells('watched', ['created']);
  await snapshots.fail('watched', 'no space', '2026-01-02T03:04:07Z');
  await streamTells('watched', ['created', 'failed']);
  await snapshots.makeReady('watched');
  await streamTells('watched', ['created', 'failed', 'ready']);
  await snapshots.remove('watched');
  await streamTells('watched', ['created', 'failed', 'ready', 'deleted']);

  const events = (await snapshotEvents(world.bus)).filter(({ subject }) => subject === 'default/watched');
  expect(events.map(({ data }) => data)).toMatchObject(
    events.map(() => ({ cluster: site, source: { claim: 'orders' } })),
  );
  expect(events[1]?.data).toMatchObject({ error: { message: 'no space' } });
});

test('nothing of a kind is taken for deleted where the cluster does not know that kind', async () => {
  const group = {
    ...{ apiVersion: 'groupsnapshot.storage.k8s.io/v1', kind: 'VolumeGroupSnapshot' },
    metadata: { namespace: 'default', name: 'g', uid: 'u-2', creationTimestamp: '2026-01-02T03:04:05Z' },
    spec: { source: { selector: { matchLabels: { app: 'shop' } } } },
  };
  const answer = await postBinary(sinkOf(sources), eventOf('DELETED', group));

  expect([answer.status, await answer.text()]).toEqual([
    503,
    expect.stringContaining('the cluster does not know volumegroupsnapshots.groupsnapshot.storage.k8s.io'),
  ]);
});

test('groups are followed as soon as the cluster knows them, and the others meanwhile', async () => {
  const about = (resource: unknown) => resource === 'volumegroupsnapshots.groupsnapshot.storage.k8s.io';
  const missing = controller.log.find(({ resource, reason }) => about(resource) && reason !== undefined);
  expect(missing?.reason).toContain('install the CRDs of external-snapshotter');

  await world.cluster.define('groupsnapshot');
  const groups = snapshotter(world.cluster.apiServer.admin, 'VolumeGroupSnapshot');
  await groups.create('watched-group');
  await groups.makeReady('watched-group');

  await streamTells('watched-group', ['created', 'ready']);
});

test('what an ApiServerSource posts is told once to the Broker, and once on the stream, though the controller watches too', async () => {
  await startSource();
  await snapshots.create('sourced');
  await brokerHears('sourced', ['created']);
  await snapshots.fail('sourced', 'no space', '2026-01-02T03:04:07Z');
  await brokerHears('sourced', ['created', 'failed']);
  await snapshots.makeReady('sourced');
  await brokerHears('sourced', ['created', 'failed', 'ready']);
  await snapshots.remove('sourced');
  const life = ['created', 'failed', 'ready', 'deleted'];
  await brokerHears('sourced', life);
  await streamTells('sourced', life);
  for (const stop of stops.splice(0)) await stop();

  expect(atBroker('sourced')).toEqual(life);
  expect(await onStream('sourced')).toEqual(life);
});

test('without a watch the dispatcher tells the same on the stream, of groups as well', async () => {
  await world.stopAll();
  await startSource();
  await startSource(groupSnapshots);
  const groups = snapshotter(world.cluster.apiServer.admin, 'VolumeGroupSnapshot');
  await Promise.all([snapshots.create('alone'), groups.create('alone-group')]);
  await groups.fail('alone-group', 'no space', '2026-01-02T03:04:07Z');
  await streamTells('alone-group', ['created', 'failed']);
  await Promise.all([snapshots.makeReady('alone'), groups.makeReady('alone-group')]);
  await streamTells('alone', ['created', 'ready']);
  await Promise.all([snapshots.remove('alone'), groups.remove('alone-group')]);

  await streamTells('alone', ['created', 'ready', 'deleted']);
  await streamTells('alone-group', ['created', 'failed', 'ready', 'deleted']);
  await brokerHears('alone-group', ['created', 'failed', 'ready', 'deleted']);
});

test('late, twice, in either mode: a fact is told once, and what was missed comes with what is next', async () => {
  const added = await snapshots.create('repeated');
  const ready = await snapshots.makeReady('repeated');
  const events = [eventOf('MODIFIED', ready), eventOf('ADDED', added), eventOf('MODIFIED', ready)];
  for (const post of [postBinary, postStructured])
    for (const event of events) expect((await post(sinkOf(sources), event)).status).toBe(202);
  expect(atBroker('repeated')).toEqual(['created', 'ready']);

  await snapshots.remove('repeated');
  for (const event of [eventOf('DELETED', ready), ...events])
    expect((await postStructured(sinkOf(sources), event)).status).toBe(202);
  expect(atBroker('repeated')).toEqual(['created', 'ready', 'deleted']);
});

test('what no source has posted is told by the next listing: what is there, and what is there no more', async () => {
  const gone = await snapshots.create('gone');
  await postBinary(sinkOf(sources), eventOf('ADDED', gone));
  await snapshots.remove('gone');
  await snapshots.create('missed');
  await snapshots.makeReady('missed');
  const env = { CAUSEWAY_SITE: site, K_SINK: `http://127.0.0.1:${broker.server.port}` };
  await startSources(env);

  await brokerHears('gone', ['created', 'deleted']);
  await brokerHears('missed', ['created', 'ready']);
});

test('who makes an event up tells nothing that is not so', async () => {
  const made = await snapshots.create('living');
  await postBinary(sinkOf(sources), eventOf('ADDED', made));
  const { metadata } = made;
  const forged = [
    made,
    { ...made, metadata: { ...metadata, name: 'elsewhere' } },
    { ...made, metadata: { ...metadata, namespace: 'elsewhere' } },
    { ...made, metadata: { ...metadata, uid: 'another' } },
    { ...made, status: { readyToUse: true } },
  ];
  for (const object of forged)
    expect((await postBinary(sinkOf(sources), eventOf('DELETED', object))).status).toBe(202);
  const another = { ...made, metadata: { ...metadata, name: '..' } };
  expect((await postStructured(sinkOf(sources), eventOf('DELETED', another))).status).not.toBe(202);

  expect(atBroker('living')).toEqual(['created']);
  await snapshots.remove('living');
});

test('what is no event about a snapshot is refused, with what is wrong', async () => {
  const made = {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: {
      namespace: 'default',
      name: 'refused',
      uid: 'u-1',
      creationTimestamp: '2026-01-02T03:04:05Z',
    },
    spec: { source: { persistentVolumeClaimName: 'orders' } },
  };
  const event = eventOf('ADDED', made);
  const answerTo = async (body: unknown) => {
    const answer = await postStructured(sinkOf(sources), body);
    return [answer.status, await answer.text()];
  };

  expect(await answerTo({ ...event, data: { ...made, kind: 'Pod' } })).toEqual([
    400,
    expect.stringContaining('not a volume snapshot'),
  ]);
  expect(await answerTo({ ...event, type: 'dev.knative.apiserver.ref.add' })).toEqual([
    400,
    expect.stringContaining('not of an ApiServerSource'),
  ]);
  expect(await answerTo({ ...event, data: { ...made, apiVersion: 'apps/v1' } })).toEqual([
    400,
    expect.stringContaining('no VolumeSnapshot of apps/v1 is followed'),
  ]);
  expect(await answerTo({ ...event, data: 'x'.repeat(1024 * 1024) })).toEqual([413, expect.anything()]);
  expect((await fetch(sinkOf(sources))).status).toBe(405);
  expect((await fetch(sinkOf(sources), { method: 'POST', body: 'hello' })).status).toBe(400);
  expect((await postBinary(sinkOf(sources), event)).status).toBe(202);
  expect(atBroker('refused')).toEqual([]);
});

test('what cannot be told now has to be sent again: the API server, NATS or the Broker is away, or no site is named', async () => {
  const made = await snapshots.create('again');
  const event = eventOf('ADDED', made);
  const answered = async (by = sources) => {
    const answer = await postBinary(sinkOf(by), event);
    return [answer.status, await answer.text()];
  };
  const { apiServer } = world.cluster;
  await apiServer.kill();
  expect(await answered()).toEqual([503, expect.anything()]);
  await apiServer.start();

  await world.embedded.nats.kill();
  await eventually(async () => expect(await answered()).toEqual([503, 'NATS is away\n']));
  await world.embedded.nats.start();

  const [nobody, unheard] = await Promise.all([
    startSources({ K_SINK: 'http://127.0.0.1:9' }),
    startSources({ CAUSEWAY_SITE: site, K_SINK: 'http://127.0.0.1:9' }),
  ]);
  expect(await answered(nobody)).toEqual([503, expect.stringContaining('set CAUSEWAY_SITE')]);
  expect(await answered(unheard)).toEqual([503, expect.stringContaining('the sink does not take events')]);

  await eventually(async () => expect(await answered()).toEqual([202, '']));
  expect(atBroker('again')).toEqual(['created']);
});
