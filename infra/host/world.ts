/** The ports of a deployment, bound to NATS and the sites: what both hosts and the commands work with. */
import { type KV, Kvm } from '@nats-io/kv';
import type { Clock, Deadlines, Link, LinkContext, ObjectStore } from '../../functions/ports.ts';
import type { Bus } from '../bus/connection.ts';
import { createContentIndex } from '../bus/content-index.ts';
import { createContentRecords } from '../bus/content-records.ts';
import { createDeadLetters } from '../bus/dead-letters.ts';
import { createEventLog } from '../bus/event-log.ts';
import { createKeyLocks } from '../bus/key-locks.ts';
import { createLedger, type StoredLedger } from '../bus/ledger.ts';
import { createLedgerBucket } from '../bus/ledger-bucket.ts';
import { createLockBucket } from '../bus/lock-bucket.ts';
import { bucketNames, ensureStreams, type StreamSettings } from '../bus/streams.ts';
import { createUploadMemory } from '../bus/upload-memory.ts';
import { createOrphanMemory, createWalkMemory } from '../bus/walk-memory.ts';
import { sharedReads } from '../stores/shared-reads.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import type { DeadLetters, EventLog } from './ports.ts';

export interface WorldOptions {
  readonly bus: Bus;
  /** Both are looked at whenever a context is made: they may change. */
  readonly links: readonly Link[];
  readonly stores: ReadonlyMap<string, ObjectStore>;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly streams?: StreamSettings;
  /** Where events go instead of the stream; dead letters stay on it. */
  readonly log?: EventLog | undefined;
  /** Nobody can hold a lock from before: the NATS store was made for this process. */
  readonly isFresh?: boolean;
}

export interface World {
  readonly log: EventLog;
  readonly ledger: StoredLedger;
  readonly deadLetters: DeadLetters;
  readonly statusBucket: KV;
  contextOf(link: Link): Omit<LinkContext, 'emit'>;
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const { bus, clock, deadlines, stores, telemetry } = options;
  const sites = [...stores.keys()];
  await ensureStreams(bus, { links: options.links, sites }, options.streams);
  const kvm = new Kvm(bus.jetstream);
  const [ledgerBucket, locksBucket, walksBucket, orphansBucket, uploadsBucket, statusBucket] =
    await Promise.all([
      kvm.open(bucketNames.ledger),
      kvm.open(bucketNames.locks),
      kvm.open(bucketNames.walks),
      kvm.open(bucketNames.orphans),
      kvm.open(bucketNames.uploads),
      kvm.open(bucketNames.status),
    ]);
  const stream = createEventLog(bus);
  const log = options.log ?? stream;
  const ledger = createLedger(createLedgerBucket(bus, ledgerBucket), log, clock);
  const firstMadeAt = options.isFresh ? (await locksBucket.status()).streamInfo.created : undefined;
  const madeAt = async (): Promise<number> => {
    const { created } = (await locksBucket.status()).streamInfo;
    return created === firstMadeAt ? 0 : Date.parse(created);
  };
  const locks = createKeyLocks(createLockBucket(bus, locksBucket), {
    clock,
    requestMs: deadlines.requestMs,
    madeAt,
  });
  const walks = createWalkMemory(bus, walksBucket);
  const orphans = createOrphanMemory(orphansBucket);
  const uploads = createUploadMemory(bus, uploadsBucket);
  const contents = createContentIndex(createContentRecords(bus));
  const storeOf = (site: string): ObjectStore => {
    const store = stores.get(site);
    if (!store) throw new Error(`no store was opened for site ${site}`);
    return store;
  };
  const shared = new WeakMap<ObjectStore, ObjectStore>();
  const sharedOf = (store: ObjectStore): ObjectStore => {
    const known = shared.get(store) ?? sharedReads(store, clock);
    shared.set(store, known);
    return known;
  };
  const startOf = ({ source }: Link): string => `${source.site}/${source.bucket}`;
  const group = (links: readonly Link[]) => ({ links, starting: Map.groupBy(links, startOf) });
  let grouped = group(options.links);
  const sourceOf = (link: Link): ObjectStore => {
    if (grouped.links !== options.links) grouped = group(options.links);
    const store = storeOf(link.source.site);
    return (grouped.starting.get(startOf(link))?.length ?? 0) > 1 ? sharedOf(store) : store;
  };
  return {
    log,
    ledger,
    deadLetters: createDeadLetters(stream, clock),
    statusBucket,
    contextOf: (link) => ({
      link,
      source: sourceOf(link),
      target: storeOf(link.target.site),
      site: (name) => stores.get(name),
      locks,
      walks,
      orphans,
      uploads,
      retries: ledger,
      contents,
      clock,
      meter: telemetry.meter,
      deadlines,
    }),
  };
}
