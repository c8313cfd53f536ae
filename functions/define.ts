/** What a function is: which events it takes, which it emits, and a handler without state between events. */
import type { DataOf, EventType, HandedOver } from '../events/catalogue.ts';
import type { EventOf } from '../events/cloudevent.ts';
import type { StackWritten } from '../events/stack-events.ts';
import type { BatchContext, LinkContext, ObjectStore, StackEntry } from './ports.ts';
import type { VolumeContext } from './volume-ports.ts';

export type DraftOf<Type extends EventType> = {
  [T in Type]: { readonly type: T; readonly data: DataOf<T> };
}[Type];

/** What became of an event, as a value. What is emitted is on the stream before the event is acknowledged. */
export type Outcome<Emits extends EventType = EventType> =
  | { readonly kind: 'done'; readonly emitted: readonly DraftOf<Emits>[]; readonly note: string }
  | { readonly kind: 'retry'; readonly afterMs: number; readonly reason: string }
  | { readonly kind: 'later'; readonly afterMs: number; readonly reason: string }
  | { readonly kind: 'park'; readonly reason: string };

/** The event is dealt with; `note` says how, in two or three words (logs, metrics and `explain` show it). */
export const done = <Emits extends EventType = never>(
  note: string,
  ...emitted: readonly DraftOf<Emits>[]
): Outcome<Emits> => ({ kind: 'done', note, emitted });

/** All is well, but it is not time yet: the same event again after `afterMs` milliseconds. */
export const later = (afterMs: number, reason: string): Outcome<never> => ({
  kind: 'later',
  afterMs,
  reason,
});

/** It failed: the same event again after `afterMs` milliseconds. */
export const retryAfter = (afterMs: number, reason: string): Outcome<never> => ({
  kind: 'retry',
  afterMs,
  reason,
});

/** No retry can help: keep it as a dead letter. */
export const park = (reason: string): Outcome<never> => ({ kind: 'park', reason });

export interface FunctionDefinition<On extends EventType = EventType, Emits extends EventType = EventType> {
  readonly name: string;
  readonly on: readonly On[];
  readonly emits: readonly Emits[];
  /** So many of its events at a time on one link and no more; by default as many as of all others together. */
  readonly atOnce?: number;
  /** Idempotent: a host may call it again with the same event at any time. */
  handle(event: EventOf<On>, context: LinkContext): Promise<Outcome<Emits>>;
  /** The same for events that wait together; one promise for each, in their order, each settled by itself. */
  handleBatch?(events: readonly EventOf<On>[], context: BatchContext): readonly Promise<Outcome<Emits>>[];
}

export const defineFunction = <const On extends EventType, const Emits extends EventType>(
  definition: FunctionDefinition<On, Emits>,
): FunctionDefinition<On, Emits> => definition;

/** A function that is asked over HTTP, and answers: no stream drives it, and it knows no links. */
export interface ReceiverDefinition {
  readonly name: string;
  readonly on: HandedOver;
  readonly answers: HandedOver;
  /** Idempotent. Throws SiteUnavailableError where the site does not answer; some entries may be written then. */
  handle(entries: readonly StackEntry[], store: ObjectStore): Promise<StackWritten>;
}

/** A function about a volume's content: it runs where the volume is mounted, in a Job of its own. */
export interface VolumeFunction<On extends EventType = EventType, Emits extends EventType = EventType> {
  readonly name: string;
  readonly on: readonly On[];
  readonly emits: readonly Emits[];
  /** Idempotent: a Job may be tried again at any time. */
  handle(event: EventOf<On>, context: VolumeContext): Promise<Outcome<Emits>>;
}

export const defineVolumeFunction = <const On extends EventType, const Emits extends EventType>(
  definition: VolumeFunction<On, Emits>,
): VolumeFunction<On, Emits> => definition;
