/** Snapshots of a real API server, watched with a ServiceAccount's token that allows no more than the watch needs. */
import type { KubeConfig } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { streamNames } from '../../infra/bus/streams.ts';
import { snapshotResources, takeResourceEvent } from '../../infra/cluster/api-server-source.ts';
import { createResource } from '../../infra/cluster/resource.ts';
import { watchRights } from '../../infra/cluster/snapshot-kinds.ts';
import { createSnapshotNews } from '../../infra/cluster/snapshot-news.ts';
import { setupMs } from './cluster.ts';
import {
  type RunningWatch,
  type SnapshotWorld,
  site,
  snapshotter,
  startSnapshotWorld,
} from './snapshot-world.ts';

const life = ['created', 'ready', 'deleted'];
const names = [
  'volumesnapshots.snapshot.storage.k8s.io',
  'volumegroupsnapshots.groupsnapshot.storage.k8s.io',
] as const;

const ofSnapshots = { group: 'snapshot.storage.k8s.io', version: 'v1', plural: 'volumesnapshots' };

let world: SnapshotWorld;
let account: KubeConfig;
let snapshots: ReturnType<typeof snapshotter>;

beforeAll(async () => {
  world = await startSnapshotWorld();
  const { cluster } = world;
  account = cluster.apiServer.configOf(await cluster.account('snapshot-watch', watchRights));
  snapshots = snapshotter(cluster.apiServer.admin);
}, setupMs);
const watches: RunningWatch[] = [];
afterEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.stop()));
});
afterAll(() => world?.stop(), 60_000);

const eventually = (assertion: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(assertion, { timeout: 30_000, interval: 50 });
const tells = (name: string, expected: readonly string[]): Promise<void> =>
  eventually(async () => expect(await world.told(name)).toEqual(expected));
/** Resolves when it is up to date with both resources. */
const follows = ({ said }: RunningWatch): Promise<void> =>
  eventually(() => expect(names.map((name) => said.get(name)?.at(-1))).toEqual(['watching', 'watching']));
/** Resolves when it has said this of both. */
const says = ({ said }: RunningWatch, words: (name: string) => string): Promise<void> =>
  eventually(() => {
    for (const name of names) expect(said.get(name)).toContain(words(name));
  });

async function watch(config = account): Promise<RunningWatch> {
  const started = await world.watch(config);
  watches.push(started);
  return started;
}

/** A mark that is told after everything that happened before it. */
let marks = 0;
async function allIsTold(): Promise<void> {
  marks += 1;
  const name = `mark-${marks}`;
  await snapshots.create(name);
  await eventually(async () => expect(await world.told(name)).toContain('created'));
}

async function nothingIsToldTwice(): Promise<void> {
  const ids = (await world.events()).map(({ id }) => id);
  expect(ids.length).toBe(new Set(ids).size);
}

test('where a definition is missing it says so, follows the others, and starts by itself when it is there', async () => {
  const watching = await watch();
  await says(
    watching,
    (name) => `the cluster does not know ${name}: install the CRDs of external-snapshotter`,
  );

  await world.cluster.define('snapshot');

  await eventually(() => expect(watching.said.get(names[0])?.at(-1)).toBe('watching'));
  await snapshots.create('alone');
  await snapshots.remove('alone');
  await tells('alone', ['created', 'deleted']);
  expect(watching.said.get(names[1])?.at(-1)).toContain('the cluster does not know');

  await world.cluster.define('groupsnapshot');

  await follows(watching);
});

test('without the right to watch it says which one it needs, and starts by itself when it is given', async () => {
  const token = await world.cluster.account('late', []);
  const watching = await watch(world.cluster.apiServer.configOf(token));
  await says(
    watching,
    (name) => `the API server refuses it: the account needs get, list and watch on ${name}`,
  );

  await world.cluster.allow('late', watchRights);

  await follows(watching);
});

test('a life is told as it happens: created, ready when it is, deleted', async () => {
  await follows(await watch());
  await snapshots.create('daily');
  await tells('daily', ['created']);
  await snapshots.bind('daily');
  await allIsTold();
  expect(await world.told('daily')).toEqual(['created']);
  await snapshots.makeReady('daily');
  await tells('daily', ['created', 'ready']);
  await snapshots.remove('daily');
  await tells('daily', life);

  const { data } =
    (await world.events()).find(
      ({ subject, type }) => subject === 'default/daily' && type.includes('ready'),
    ) ?? {};
  expect(data).toMatchObject({ cluster: 'paris', source: { claim: 'orders' }, content: 'content-daily' });
});

test('each attempt that fails is told with its error', async () => {
  await follows(await watch());
  await snapshots.create('failing');
  await snapshots.fail('failing', 'no space', '2026-01-02T03:04:07Z');
  await tells('failing', ['created', 'failed']);
  await snapshots.fail('failing', 'still no space', '2026-01-02T03:04:17Z');
  await tells('failing', ['created', 'failed', 'failed']);
  await snapshots.makeReady('failing');
  await tells('failing', ['created', 'failed', 'failed', 'ready']);
});

test('a group of snapshots has a life too', async () => {
  await follows(await watch());
  const groups = snapshotter(world.cluster.apiServer.admin, 'VolumeGroupSnapshot');
  await groups.create('nightly');
  await groups.fail('nightly', 'no space', '2026-01-02T03:04:07Z');
  await tells('nightly', ['created', 'failed']);
  await groups.makeReady('nightly');
  await tells('nightly', ['created', 'failed', 'ready']);
  await groups.remove('nightly');
  await tells('nightly', ['created', 'failed', 'ready', 'deleted']);

  const told = (await world.events()).filter(({ subject }) => subject === 'default/nightly');
  expect(told.map(({ data }) => data)).toMatchObject(
    told.map(() => ({ kind: 'VolumeGroupSnapshot', source: { labels: { app: 'shop' } } })),
  );
});

test('through kills and restarts of the API server, each once', async () => {
  const { apiServer } = world.cluster;
  const watching = await watch();
  await follows(watching);
  await snapshots.create('before');
  await tells('before', ['created']);
  for (const end of [() => apiServer.kill(), () => apiServer.stop()]) {
    await end();
    await apiServer.start();
    await snapshots.create(`after-${apiServer.pid}`);
    await tells(`after-${apiServer.pid}`, ['created']);
  }
  await snapshots.makeReady('before');
  await snapshots.remove('before');

  await tells('before', life);
  await nothingIsToldTwice();
});

test('a place that the API server has forgotten is answered by a new listing', async () => {
  const next = await createResource(account, ofSnapshots).watch(
    '1',
    () => undefined,
    AbortSignal.timeout(20_000),
  );

  expect(next).toBeUndefined();
});

test('an API server that hangs is known by its silence, and followed when it is back', async () => {
  const pid = world.cluster.apiServer.pid ?? 0;
  const watching = await watch();
  await follows(watching);
  // Told by the watch itself: its connection stands.
  await allIsTold();
  process.kill(pid, 'SIGSTOP');
  try {
    const silence = 'the API server gives no sign of life';
    await vi.waitFor(() => expect(watching.said.get(names[0])).toContain(silence), { timeout: 60_000 });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await snapshots.create('awake');

  await tells('awake', ['created']);
  await follows(watching);
});

test('what happens while nobody watches is told to the next one, deletions too; nothing is told again', async () => {
  const first = await watch();
  await follows(first);
  for (const name of ['stays', 'goes']) await snapshots.create(name);
  await snapshots.makeReady('stays');
  await tells('stays', ['created', 'ready']);
  await tells('goes', ['created']);
  await first.stop();
  // The stream knows no id again, so that it is the watch that remembers.
  const { manager } = await world.bus.connect();
  await manager.streams.update(streamNames.events, { duplicate_window: 100 * 1_000_000 });

  await snapshots.remove('goes');
  await snapshots.create('goes');
  await snapshots.create('comes');
  await snapshots.makeReady('comes');
  await follows(await watch());

  await tells('goes', ['created', 'deleted', 'created']);
  await tells('comes', ['created', 'ready']);
  await allIsTold();
  expect(await world.told('stays')).toEqual(['created', 'ready']);
  await nothingIsToldTwice();
  await manager.streams.update(streamNames.events, { duplicate_window: 120_000 * 1_000_000 });
});

test('several who watch tell each fact once between them, though one is restarted all the time', async () => {
  const both = [await watch(), await watch()];
  await Promise.all(both.map(follows));
  const named = (what: string) => Array.from({ length: 8 }, (_, count) => `${what}-${count}`);
  const [lasting, brief] = [named('lasting'), named('brief')];
  const work = [
    ...lasting.map(async (name) => {
      await snapshots.create(name);
      await snapshots.bind(name);
      await snapshots.makeReady(name);
      await tells(name, ['created', 'ready']);
      await snapshots.remove(name);
    }),
    ...brief.map(async (name) => {
      await snapshots.create(name);
      await snapshots.makeReady(name);
      await snapshots.remove(name);
    }),
  ];
  for (let turn = 0; turn < 3; turn++) {
    const short = await watch();
    await follows(short);
    await short.stop();
  }
  await Promise.all(work);

  for (const name of lasting) await tells(name, life);
  // Whoever starts knows the end of a brief life before others have come to its middle.
  const orders = [life, ['created', 'deleted'], []];
  for (const name of brief)
    await eventually(async () => expect(orders).toContainEqual(await world.told(name)));
  await nothingIsToldTwice();
});

test('what an ApiServerSource sends, late, twice and in any order, is told once, beside a watch or without', async () => {
  const news = createSnapshotNews(await world.tellers());
  const send = (change: string, data: unknown) =>
    takeResourceEvent(
      { type: `dev.knative.apiserver.resource.${change}`, data },
      { cluster: site, news, resourceOf: snapshotResources(account) },
      AbortSignal.timeout(20_000),
    );
  const added = await snapshots.create('sourced');
  await send('add', added);
  await send('add', added);
  const ready = await snapshots.makeReady('sourced');
  await send('update', added);
  expect(await world.told('sourced')).toEqual(['created', 'ready']);
  await follows(await watch());
  await send('update', ready);
  await snapshots.remove('sourced');
  await tells('sourced', life);
  await send('delete', ready);
  await send('update', added);

  expect(await world.told('sourced')).toEqual(life);
  await expect(send('add', { kind: 'Pod' })).rejects.toThrow(/not a volume snapshot/);
});

test('while NATS is away nothing is lost, and then told once', async () => {
  const watching = await watch();
  await follows(watching);
  await world.bus.server.kill();
  await snapshots.create('meanwhile');
  await eventually(() => expect(watching.said.get(names[0])?.at(-1)).not.toBe('watching'));
  await snapshots.makeReady('meanwhile');
  await world.bus.server.start();

  await tells('meanwhile', ['created', 'ready']);
  await follows(watching);
  await nothingIsToldTwice();
});
