/** What the stream, the ledger and the dead letters know of one key. */
import { Kvm } from '@nats-io/kv';
import type { CausewayEvent } from '../../events/cloudevent.ts';
import { keySubjects } from '../../events/subjects.ts';
import type { Clock, Link } from '../../functions/ports.ts';
import type { Bus } from '../bus/connection.ts';
import { lastSequence, readEvents } from '../bus/event-history.ts';
import { createEventLog } from '../bus/event-log.ts';
import { type KeptLetter, letterSubject, readLetters } from '../bus/kept-letters.ts';
import { createLedger } from '../bus/ledger.ts';
import { createLedgerBucket } from '../bus/ledger-bucket.ts';
import { bucketNames, streamNames } from '../bus/streams.ts';
import type { LedgerEntry } from '../host/ports.ts';
import type { Joined } from './places.ts';

export interface KeyEvent {
  readonly sequence: number;
  readonly stored: Date;
  readonly event: CausewayEvent;
  /** The links that take it, and how far each is. */
  readonly links: readonly { readonly id: string; readonly state: Progress }[];
}

/** `taken`: being handled, or done beside older events that are not. */
export type Progress = 'waiting' | 'taken' | 'done' | 'unknown';

export interface KeyEvents {
  /** In the stream's order. */
  readonly events: readonly KeyEvent[];
  readonly pending: readonly LedgerEntry[];
  readonly deadLetters: readonly KeptLetter[];
}

export async function keyEvents(
  bus: Bus,
  { places, links }: Joined,
  key: string,
  clock: Clock,
): Promise<KeyEvents> {
  const buckets = new Set(places.map(({ bucket }) => bucket));
  const isOurs = (event: CausewayEvent | undefined): event is CausewayEvent =>
    event !== undefined && 'bucket' in event.data && event.data.key === key && buckets.has(event.data.bucket);
  return {
    events: await eventsOf(
      bus,
      links,
      [...buckets].flatMap((bucket) => keySubjects(bucket, key)),
      isOurs,
    ),
    pending: await ledgerOf(bus, links, isOurs, clock),
    deadLetters: await lettersOf(bus, links, isOurs),
  };
}

type IsOurs = (event: CausewayEvent | undefined) => event is CausewayEvent;

async function eventsOf(
  bus: Bus,
  links: readonly Link[],
  subjects: readonly string[],
  isOurs: IsOurs,
): Promise<KeyEvent[]> {
  if ((await lastSequence(bus, streamNames.events)) === undefined) return [];
  const progress = await progressOf(bus, links);
  const found: KeyEvent[] = [];
  for await (const { sequence, stored, subject, event } of readEvents(bus, { subjects })) {
    if (!isOurs(event)) continue;
    const takers = links.filter((link) => takes(link, subject, event));
    found.push({
      sequence,
      stored,
      event,
      links: takers.map(({ id }) => ({ id, state: progress(id, sequence) })),
    });
  }
  return found;
}

/** A subject names one link, or a place from which several may start. */
function takes({ id, source }: Link, subject: string, { data }: CausewayEvent): boolean {
  if (subject.startsWith('causeway.link.')) return subject.startsWith(`causeway.link.${id}.`);
  return 'site' in data && data.site === source.site && data.bucket === source.bucket;
}

async function progressOf(
  { manager }: Bus,
  links: readonly Link[],
): Promise<(link: string, sequence: number) => Progress> {
  const consumers = await Promise.all(
    links.map(async ({ id }) => {
      const info = await manager.consumers.info(streamNames.events, id).catch(() => undefined);
      return [id, info] as const;
    }),
  );
  const known = new Map(consumers);
  return (link, sequence) => {
    const consumer = known.get(link);
    if (!consumer) return 'unknown';
    if (consumer.num_pending + consumer.num_ack_pending === 0) return 'done';
    if (sequence > consumer.delivered.stream_seq) return 'waiting';
    return sequence <= consumer.ack_floor.stream_seq ? 'done' : 'taken';
  };
}

async function ledgerOf(
  bus: Bus,
  links: readonly Link[],
  isOurs: IsOurs,
  clock: Clock,
): Promise<LedgerEntry[]> {
  if ((await lastSequence(bus, `KV_${bucketNames.ledger}`)) === undefined) return [];
  const kv = await new Kvm(bus.jetstream).open(bucketNames.ledger);
  const ledger = createLedger(createLedgerBucket(bus, kv), createEventLog(bus), clock);
  const found: LedgerEntry[] = [];
  for (const { id } of links) {
    for await (const entry of ledger.entries(id)) if (isOurs(entry.event)) found.push(entry);
  }
  return found;
}

async function lettersOf(bus: Bus, links: readonly Link[], isOurs: IsOurs): Promise<KeptLetter[]> {
  if ((await lastSequence(bus, streamNames.dead)) === undefined) return [];
  const found: KeptLetter[] = [];
  const subjects = links.map(({ id }) => letterSubject(id));
  if (subjects.length === 0) return found;
  for await (const letter of readLetters(bus, { subjects })) if (isOurs(letter.event)) found.push(letter);
  return found;
}
