/**
 * THE list: every event type, what it carries, where it is published, who emits it and who handles it.
 * A type that is not here is not an event of Causeway's: it is counted and let go.
 */
import type { z } from 'zod';
import { deadLetterSchema } from './dead-letter-events.ts';
import {
  arrivedSchema,
  createdEvents,
  metadataEvents,
  objectEventSchema,
  removedEvents,
} from './object-events.ts';
import {
  deleteDueSchema,
  metadataDueSchema,
  purgeRecheckSchema,
  versionDueSchema,
  versionSentSchema,
  versionsDueSchema,
} from './replication-events.ts';
import { scanDueSchema } from './schedule-events.ts';
import { snapshotFailedSchema, snapshotSchema } from './snapshot-events.ts';
import { stackSentSchema, stackWrittenSchema } from './stack-events.ts';
import { snapshotRestoredSchema, snapshotShippedSchema, volumeDueSchema } from './volume-events.ts';

interface Entry<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** The family of its subject: see subjects.ts. */
  readonly subject: 'object' | 'link' | 'snapshot' | 'volume' | 'schedule' | 'dead';
  readonly emittedBy: readonly string[];
  /** A function; `subscribers`: whoever listens on the stream, none of Causeway's functions. */
  readonly handledBy: string;
}

const entry = <Schema extends z.ZodType>(value: Entry<Schema>): Entry<Schema> => value;

const fromStores = ['sources/minio'] as const;
const created = entry({
  schema: objectEventSchema,
  subject: 'object',
  emittedBy: fromStores,
  handledBy: 'replicate',
});
const changed = entry({
  schema: objectEventSchema,
  subject: 'object',
  emittedBy: fromStores,
  handledBy: 'sync-metadata',
});
const removed = entry({
  schema: objectEventSchema,
  subject: 'object',
  emittedBy: fromStores,
  handledBy: 'propagate-delete',
});

const ofSnapshots = <Schema extends typeof snapshotSchema>(schema: Schema) =>
  entry({ schema, subject: 'snapshot', emittedBy: ['sources/volume-snapshots'], handledBy: 'subscribers' });

type S3Type<Names extends readonly string[]> = `com.amazonaws.s3.${Names[number]}`;

/** One entry for each name, under its CloudEvents type. */
function forEach<Names extends readonly string[], Value>(
  names: Names,
  value: Value,
): Record<S3Type<Names>, Value> {
  const types: Partial<Record<string, Value>> = {};
  for (const name of names) types[`com.amazonaws.s3.${name}`] = value;
  return types as Record<S3Type<Names>, Value>;
}

export const catalogue = {
  ...forEach(createdEvents, created),
  ...forEach(metadataEvents, changed),
  ...forEach(removedEvents, removed),
  'dev.causeway.version.due.v1': entry({
    schema: versionDueSchema,
    subject: 'link',
    emittedBy: ['scan-retry', 'verify', 'sync-metadata', 'replicate', 'replicate-many'],
    handledBy: 'replicate',
  }),
  'dev.causeway.versions.due.v1': entry({
    schema: versionsDueSchema,
    subject: 'link',
    emittedBy: ['scan-retry'],
    handledBy: 'replicate-many',
  }),
  'dev.causeway.version.sent.v1': entry({
    schema: versionSentSchema,
    subject: 'link',
    emittedBy: ['replicate', 'replicate-many'],
    handledBy: 'verify',
  }),
  'dev.causeway.version.arrived.v1': entry({
    schema: arrivedSchema,
    subject: 'object',
    emittedBy: ['verify'],
    handledBy: 'replicate',
  }),
  'dev.causeway.metadata.due.v1': entry({
    schema: metadataDueSchema,
    subject: 'link',
    emittedBy: ['scan-retry', 'verify'],
    handledBy: 'sync-metadata',
  }),
  'dev.causeway.metadata.arrived.v1': entry({
    schema: arrivedSchema,
    subject: 'object',
    emittedBy: ['sync-metadata'],
    handledBy: 'sync-metadata',
  }),
  'dev.causeway.delete.due.v1': entry({
    schema: deleteDueSchema,
    subject: 'link',
    emittedBy: ['scan-retry', 'replicate', 'replicate-many', 'sync-metadata', 'propagate-delete'],
    handledBy: 'propagate-delete',
  }),
  'dev.causeway.delete.arrived.v1': entry({
    schema: arrivedSchema,
    subject: 'object',
    emittedBy: ['propagate-delete'],
    handledBy: 'propagate-delete',
  }),
  'dev.causeway.purge.recheck.v1': entry({
    schema: purgeRecheckSchema,
    subject: 'link',
    emittedBy: ['propagate-delete'],
    handledBy: 'propagate-delete',
  }),
  'dev.causeway.scan.due.v1': entry({
    schema: scanDueSchema,
    subject: 'schedule',
    emittedBy: ['sources/schedule', 'scan-retry'],
    handledBy: 'scan-retry',
  }),
  'dev.causeway.snapshot.created.v1': ofSnapshots(snapshotSchema),
  'dev.causeway.snapshot.ready.v1': ofSnapshots(snapshotSchema),
  'dev.causeway.snapshot.failed.v1': ofSnapshots(snapshotFailedSchema),
  'dev.causeway.snapshot.deleted.v1': ofSnapshots(snapshotSchema),
  'dev.causeway.volume.due.v1': entry({
    schema: volumeDueSchema,
    subject: 'volume',
    emittedBy: ['infra/volumes'],
    handledBy: 'ship-snapshot',
  }),
  'dev.causeway.snapshot.shipped.v1': entry({
    schema: snapshotShippedSchema,
    subject: 'volume',
    emittedBy: ['ship-snapshot'],
    handledBy: 'restore-snapshot',
  }),
  'dev.causeway.snapshot.restored.v1': entry({
    schema: snapshotRestoredSchema,
    subject: 'volume',
    emittedBy: ['restore-snapshot'],
    handledBy: 'subscribers',
  }),
  'dev.causeway.dead-letter.v1': entry({
    schema: deadLetterSchema,
    subject: 'dead',
    emittedBy: ['infra/host'],
    handledBy: 'causeway replay --from-dead-letters',
  }),
} as const;

/** Events that one process hands to another over HTTP: they are never on the stream, and have no subject there. */
export const handedOver = {
  'dev.causeway.stack.sent.v1': {
    schema: stackSentSchema,
    emittedBy: ['infra/stores/receiver'],
    handledBy: 'receive-stack',
  },
  'dev.causeway.stack.written.v1': {
    schema: stackWrittenSchema,
    emittedBy: ['receive-stack'],
    handledBy: 'infra/stores/receiver',
  },
} as const;

export type HandedOver = keyof typeof handedOver;

export type Catalogue = typeof catalogue;
export type EventType = keyof Catalogue;
export type DataOf<Type extends EventType> = z.infer<Catalogue[Type]['schema']>;

export const isEventType = (type: string): type is EventType => Object.hasOwn(catalogue, type);
export const eventTypes: readonly EventType[] = Object.keys(catalogue).filter(isEventType);
