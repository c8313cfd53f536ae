/** A cluster with snapshots in it, a NATS, and watches that tell what happens to them. */
import { CustomObjectsApi, type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { type CausewayEvent, decodeEvent } from '../../events/cloudevent.ts';
import { snapshotSubject } from '../../events/subjects.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { createEventLog } from '../../infra/bus/event-log.ts';
import { readStream } from '../../infra/bus/read-stream.ts';
import { openSnapshotMemory } from '../../infra/bus/snapshot-memory.ts';
import { ensureStreams, streamNames } from '../../infra/bus/streams.ts';
import type { SnapshotNewsOptions } from '../../infra/cluster/snapshot-news.ts';
import { watchSnapshots } from '../../infra/cluster/snapshot-watch.ts';
import { systemClock } from '../../infra/host/system-clock.ts';
import { type BusWorld, startBusWorld } from '../contract/bus/bus-world.ts';
import { type Cluster, startCluster } from './cluster.ts';

export const site = 'paris';

export interface RunningWatch {
  /** What it said, of each resource: `watching`, or what troubles it; the last of it at the end. */
  readonly said: ReadonlyMap<string, readonly string[]>;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

export interface SnapshotWorld {
  readonly cluster: Cluster;
  readonly bus: BusWorld;
  /** A watch in a connection of its own. */
  watch(config: KubeConfig): Promise<RunningWatch>;
  /** What tells, without a watch. */
  tellers(): Promise<SnapshotNewsOptions>;
  /** Every event about snapshots that the stream holds. */
  events(): Promise<CausewayEvent[]>;
  /** Those about one object, as words: `created`, `ready` … */
  told(name: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startSnapshotWorld(): Promise<SnapshotWorld> {
  const cluster = await startCluster();
  const bus = await startBusWorld();
  const reader = await bus.connect();
  await ensureStreams(reader, { links: [], sites: [] });
  const running = new Set<RunningWatch>();

  const events = () => snapshotEvents(reader);

  async function tellers(): Promise<SnapshotNewsOptions> {
    const own = await bus.connect();
    const log = createEventLog(own);
    return {
      cluster: site,
      memory: await openSnapshotMemory(own, 'on the stream'),
      publish: (events) => log.publish(events.map((event) => ({ event }))),
      now: systemClock.now,
    };
  }

  return {
    cluster,
    bus,
    events,
    tellers,
    async watch(config) {
      const { memory, publish } = await tellers();
      const end = new AbortController();
      const said = new Map<string, string[]>();
      const note = (resource: string, words: string) =>
        said.set(resource, [...(said.get(resource) ?? []), words]);
      const ended = watchSnapshots({
        cluster: site,
        config,
        memory,
        publish,
        clock: systemClock,
        observer: {
          watching: (resource) => note(resource, 'watching'),
          troubled: note,
          refused: note,
        },
        signal: end.signal,
      });
      const watch: RunningWatch = {
        said,
        async stop() {
          end.abort();
          await ended;
          running.delete(watch);
        },
      };
      running.add(watch);
      return watch;
    },
    told: async (name) => factsAbout(name, await events()),
    async stop() {
      await Promise.all([...running].map((watch) => watch.stop()));
      await bus.stop();
      await cluster.stop();
    },
  };
}

/** Every event about snapshots that the stream holds. */
export async function snapshotEvents(bus: Bus): Promise<CausewayEvent[]> {
  const reading = { subjects: [snapshotSubject(site)] };
  const messages = await Array.fromAsync(readStream(bus, streamNames.events, reading));
  return messages.map(({ data }) => decodeEvent(data));
}

/** Those about one object, as words: `created`, `ready` … */
export const factsAbout = (name: string, events: readonly CausewayEvent[]): string[] =>
  events
    .filter(({ subject }) => subject === `default/${name}`)
    .map(({ type }) => type.replace(/^dev\.causeway\.snapshot\.|\.v1$/g, ''));

const kinds = {
  VolumeSnapshot: { group: 'snapshot.storage.k8s.io', plural: 'volumesnapshots', version: 'v1' },
  VolumeGroupSnapshot: {
    group: 'groupsnapshot.storage.k8s.io',
    plural: 'volumegroupsnapshots',
    version: 'v1',
  },
} as const;

/** What a user and the snapshotter do to snapshots. */
export function snapshotter(config: KubeConfig, kind: keyof typeof kinds = 'VolumeSnapshot') {
  const api = config.makeApiClient(CustomObjectsApi);
  const at = { ...kinds[kind], namespace: 'default' };
  const source =
    kind === 'VolumeSnapshot'
      ? { persistentVolumeClaimName: 'orders' }
      : { selector: { matchLabels: { app: 'shop' } } };
  const content =
    kind === 'VolumeSnapshot' ? 'boundVolumeSnapshotContentName' : 'boundVolumeGroupSnapshotContentName';
  const setStatus = (name: string, status: object) =>
    api.patchNamespacedCustomObjectStatus(
      { ...at, name, body: { status } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
  return {
    create: (name: string) =>
      api.createNamespacedCustomObject({
        ...at,
        body: { apiVersion: `${at.group}/${at.version}`, kind, metadata: { name }, spec: { source } },
      }),
    bind: (name: string) => setStatus(name, { [content]: `content-${name}`, readyToUse: false }),
    makeReady: (name: string) =>
      setStatus(name, { [content]: `content-${name}`, readyToUse: true, error: null }),
    fail: (name: string, message: string, time: string) =>
      setStatus(name, { readyToUse: false, error: { message, time } }),
    remove: (name: string) => api.deleteNamespacedCustomObject({ ...at, name }),
  };
}
