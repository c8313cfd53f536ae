/** The streams and buckets of a deployment, and what makes them again when they are gone. */
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { Kvm, type KvOptions } from '@nats-io/kv';
import { bucketSubject, linkSubject, rawSubject, scheduleSubject } from '../../events/subjects.ts';
import type { Link } from '../../functions/ports.ts';
import type { Bus } from './connection.ts';
import { addStreams, type NewStream } from './stream-storage.ts';

export const streamNames = {
  events: 'CAUSEWAY',
  raw: 'CAUSEWAY_RAW',
  dead: 'CAUSEWAY_DEAD',
  contents: 'CAUSEWAY_CONTENTS',
} as const;
export const bucketNames = {
  ledger: 'CAUSEWAY_LEDGER',
  locks: 'CAUSEWAY_LOCKS',
  walks: 'CAUSEWAY_WALKS',
  orphans: 'CAUSEWAY_ORPHANS',
  uploads: 'CAUSEWAY_UPLOADS',
  status: 'CAUSEWAY_STATUS',
  snapshots: 'CAUSEWAY_SNAPSHOTS',
} as const;

const nanoseconds = (ms: number): number => ms * 1_000_000;
const minute = 60_000;
const day = 24 * 60 * minute;
const gibibyte = 1024 ** 3;
/** A content takes three records, of some hundred bytes each. */
const contentsBytes = gibibyte / 4;

export interface StreamSettings {
  /** How long events stay for replay. */
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** 1, or 3 on a NATS cluster. */
  readonly replicas: number;
}
export const defaultStreamSettings: StreamSettings = {
  maxAgeMs: 7 * day,
  maxBytes: 8 * gibibyte,
  replicas: 1,
};

/** On so many servers of a cluster. */
export const streamsOn = (replicas: number): StreamSettings => ({ ...defaultStreamSettings, replicas });

/**
 * A stream that is made anew goes on above the sequences it had: a process may still hold a message of the lost one, and
 * would take another of the same sequence for that one, or acknowledge it unseen. A stream stores less than this a
 * millisecond, and the product stays a safe integer for centuries.
 */
const sequencesAMillisecond = 1000;

const streams = ({ maxAgeMs, maxBytes, replicas }: StreamSettings): NewStream[] => {
  const durable = { storage: StorageType.File, num_replicas: replicas, discard: DiscardPolicy.Old };
  const consumed = { ...durable, first_seq: Date.now() * sequencesAMillisecond };
  return [
    {
      ...consumed,
      name: streamNames.events,
      subjects: ['causeway.object.>', 'causeway.link.>', 'causeway.snapshot.>', 'causeway.schedule.>'],
      retention: RetentionPolicy.Limits,
      max_age: nanoseconds(maxAgeMs),
      max_bytes: maxBytes,
      allow_atomic: true,
      duplicate_window: nanoseconds(2 * minute),
    },
    {
      ...consumed,
      name: streamNames.raw,
      subjects: ['causeway.raw.>'],
      retention: RetentionPolicy.Workqueue,
      max_bytes: maxBytes,
    },
    { ...durable, name: streamNames.dead, subjects: ['causeway.dead.>'], max_bytes: gibibyte },
    {
      ...durable,
      name: streamNames.contents,
      subjects: [contentSubject('>')],
      max_bytes: contentsBytes,
      max_msgs_per_subject: 1,
      allow_direct: true,
    },
  ];
};

const buckets = (replicas: number): Record<keyof typeof bucketNames, Partial<KvOptions>> => {
  const durable = { history: 1, storage: StorageType.File, replicas };
  return {
    ledger: { ...durable, markerTTL: minute },
    // Longer than any lock is held (four of the longest request deadline); what a dead process left goes by itself.
    locks: { ...durable, ttl: 60 * minute },
    walks: durable,
    orphans: { ...durable, ttl: 7 * day },
    // Longer than an upload is left alone.
    uploads: { ...durable, ttl: 7 * day },
    snapshots: { ...durable, markerTTL: minute },
    status: { history: 1, storage: StorageType.Memory, ttl: minute },
  };
};

/** How long a message may be held without a word: what a killed process held comes again after this. */
export const ackWaitMs = 10_000;
/** How long an acknowledgement may wait for others; next to nothing of the above. */
export const acksWithinMs = 10;
/** Messages of one link that all processes together may hold. */
const heldAtOnce = 2048;

type Durable = Partial<ConsumerConfig> & { readonly durable_name: string };

/** Whose a consumer is, where several deployments share a NATS: what is nobody's is left alone. */
const ownerLabel = 'causeway.dev/owner';
const owned = (owner: string | undefined): Pick<Durable, 'metadata'> =>
  owner === undefined ? {} : { metadata: { [ownerLabel]: owner } };
export const ownerOf = ({ metadata }: Partial<ConsumerConfig>): string | undefined => metadata?.[ownerLabel];

const sourceConsumer = (site: string, owner: string | undefined): Durable => ({
  ...owned(owner),
  durable_name: rawConsumer(site),
  filter_subject: rawSubject(site),
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanoseconds(ackWaitMs),
  max_ack_pending: heldAtOnce,
});

const consumers = (link: Link, owner: string | undefined): Durable[] => {
  const shared = {
    ...owned(owner),
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanoseconds(ackWaitMs),
    max_deliver: -1,
    // What happened before a link existed, its first walk finds.
    deliver_policy: DeliverPolicy.New,
    inactive_threshold: nanoseconds(7 * day),
  };
  return [
    {
      ...shared,
      durable_name: link.id,
      filter_subjects: [bucketSubject(link.source.site, link.source.bucket), linkSubject(link.id)],
      max_ack_pending: heldAtOnce,
    },
    {
      ...shared,
      durable_name: scanConsumer(link.id),
      filter_subject: scheduleSubject(link.id),
      max_ack_pending: 1,
    },
  ];
};

/** Of a record of the content index. */
export const contentSubject = (name: string): string => `causeway.content.${name}`;

export const scanConsumer = (link: string): string => `${link}_scan`;
/** The consumer that turns a site's raw notifications into events. */
export const rawConsumer = (site: string): string => `source_${site}`;

export interface WantedStreams {
  readonly links: readonly Link[];
  readonly sites: readonly string[];
  /** Written on the consumers that are made, so that their owner can take them away. */
  readonly owner?: string | undefined;
}

/**
 * Makes what is missing and leaves what is there as it is, but for a consumer that a changed rule has given another
 * bucket, and a stream that has to take more. Idempotent, and safe in several processes at once.
 */
export async function ensureStreams(
  bus: Bus,
  { links, sites, owner }: WantedStreams,
  settings = defaultStreamSettings,
): Promise<void> {
  const present = await subjectsTaken(bus);
  const all = streams(settings);
  await addStreams(
    bus,
    all.filter(({ name }) => !present.has(name)),
  );
  // A stream that an older version made knows fewer kinds of events.
  for (const { name, subjects = [] } of all) {
    const taken = present.get(name);
    if (taken && !subjects.every((subject) => taken.includes(subject)))
      await bus.manager.streams.update(name, { subjects: [...new Set([...taken, ...subjects])] });
  }
  const kvm = new Kvm(bus.jetstream);
  const wanted = buckets(settings.replicas);
  for (const [key, name] of Object.entries(bucketNames) as [keyof typeof bucketNames, string][]) {
    if (!present.has(`KV_${name}`)) await kvm.create(name, wanted[key]);
  }
  await ensureConsumers(
    bus,
    streamNames.events,
    links.flatMap((link) => consumers(link, owner)),
  );
  await ensureConsumers(
    bus,
    streamNames.raw,
    sites.map((site) => sourceConsumer(site, owner)),
  );
}

async function ensureConsumers({ manager }: Bus, stream: string, wanted: readonly Durable[]): Promise<void> {
  const present = new Map<string, string>();
  for await (const { name, config } of manager.consumers.list(stream)) present.set(name, filterOf(config));
  for (const consumer of wanted) {
    const filter = present.get(consumer.durable_name);
    if (filter === undefined) await manager.consumers.add(stream, consumer);
    else if (filter !== filterOf(consumer)) {
      const { filter_subjects, filter_subject } = consumer;
      const changed = filter_subjects ? { filter_subjects } : { filter_subject: filter_subject ?? '' };
      await manager.consumers.update(stream, consumer.durable_name, changed);
    }
  }
}

const filterOf = ({ filter_subject, filter_subjects }: Partial<ConsumerConfig>): string =>
  (filter_subjects ?? [filter_subject]).toSorted().join(' ');

/** Of every stream that is there. */
async function subjectsTaken({ manager }: Bus): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for await (const { config } of manager.streams.list()) found.set(config.name, config.subjects);
  return found;
}
