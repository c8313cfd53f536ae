/**
 * The local host of one link: pulls its events, calls the functions in this process, settles what became of them.
 * Bounded concurrency, one at a time for each key, in the stream's order. Messages are held by `working` while they
 * wait; a redelivery of one that is held here is let go.
 */
import { type CausewayEvent, decodeEvent, EventError } from '../../events/cloudevent.ts';
import type { FunctionDefinition } from '../../functions/define.ts';
import { messageOf } from '../../functions/errors.ts';
import type { LinkContext, ObjectStore } from '../../functions/ports.ts';
import { type Batcher, createBatcher, type Gathering } from './batcher.ts';
import type { Gate } from './gate.ts';
import { invoke, type Result, type Route, resultOfWork } from './invoke.ts';
import { createLanes } from './lanes.ts';
import { createLimit, type Limit } from './limit.ts';
import type { Feed, HeldMessage } from './ports.ts';
import { followers, type Settlement, settle } from './settle.ts';

/** Told of each event that was dealt with; logs and metrics hang here. */
export interface Observer {
  handled(link: string, event: CausewayEvent, result: Result): void;
  /** An event of a type that is not in the catalogue: let go. */
  foreign(link: string, reason: string): void;
  /** No event at all: becomes a dead letter. */
  unreadable(link: string, reason: string): void;
  /** The outcome could not be made to hold (the stream is away); the message comes again. */
  unsettled(link: string, event: CausewayEvent, reason: string): void;
}

export interface LinkWorkerOptions {
  readonly feed: Feed;
  readonly route: Route;
  /** Everything of the context but `emit`, which belongs to one event. */
  readonly context: Omit<LinkContext, 'emit'>;
  readonly settlement: Settlement;
  readonly gate: Gate;
  readonly observer: Observer;
  readonly concurrency: number;
  /** How long a small version may wait for others to go in a stack with it; by default none waits. */
  readonly gatherMs?: number | undefined;
  /** Half of the consumer's ack wait, in milliseconds. */
  readonly workingEveryMs: number;
  readonly random: () => number;
}

/** An event that waits for a batch, and how it is handled alone. */
interface Submitted {
  readonly event: CausewayEvent;
  alone(): Promise<Result>;
}

const batching = { batchesAtOnce: 2, mostInBatch: 1000 };

export interface LinkWorker {
  /** When the oldest message held here was stored: milliseconds since 1970; undefined if none is held. */
  oldest(): number | undefined;
  /** Stops pulling, lets what runs end, and hands back the rest. Resolves when nothing is held. */
  stop(): Promise<void>;
}

/** Undefined where nothing gains by waiting. */
function gatheringOf({ context, gatherMs = 0 }: LinkWorkerOptions): Gathering<Submitted> | undefined {
  const { stacking } = context.target;
  if (!stacking || gatherMs === 0) return undefined;
  return {
    // A walk sends what has waited for as long as its interval.
    withinMs: Math.min(gatherMs, context.link.scanEveryMs / 2),
    clock: context.clock,
    fullBytes: stacking.largestStack,
    sizeOf({ event: { data } }) {
      const size = 'size' in data && typeof data.size === 'number' ? data.size : 0;
      return size <= stacking.largestEntry ? size : undefined;
    },
  };
}

export async function startLinkWorker(options: LinkWorkerOptions): Promise<LinkWorker> {
  const { context, gate, observer, settlement } = options;
  const { link, clock } = context;
  const stopping = new AbortController();
  const held = new Map<number, HeldMessage>();
  const limit = createLimit(options.concurrency);
  const limits = new Map<string, Limit>();
  const batchers = new Map<string, Batcher<Submitted, Result>>();
  // Whatever is held may have its turn: the consumer bounds that, and `limit` what runs.
  const lanes = createLanes(Number.POSITIVE_INFINITY);
  const gathering = gatheringOf(options);

  async function work(message: HeldMessage, event: CausewayEvent): Promise<void> {
    try {
      const result = await runUntilAvailable(message, event);
      if (!result) return message.nak(0);
      observer.handled(link.id, event, result);
      if (result.kind !== 'unavailable') await settle(settlement, link.id, message, event, result);
    } catch (error) {
      observer.unsettled(link.id, event, messageOf(error));
      message.nak(1000);
    } finally {
      held.delete(message.sequence);
    }
  }

  /** Undefined when the worker stopped before the event had its turn. */
  async function runUntilAvailable(message: HeldMessage, event: CausewayEvent): Promise<Result | undefined> {
    const bound = options.route(event.type);
    if (!bound) return { kind: 'done', note: 'nobody takes it', emitted: [], function: 'none' };
    const emit: LinkContext['emit'] = (drafts) =>
      settlement.log.publish(followers(drafts, event, bound.name, clock.now()));
    while (!stopping.signal.aborted) {
      try {
        await gate.opened(stopping.signal);
      } catch {
        return undefined;
      }
      const result = await attempt(bound, event, { ...context, emit }, message.attempts);
      if (result.kind !== 'unavailable') return result;
      const site = siteOf(result.site);
      if (!site || (await gate.trip(site, result.reason, stopping.signal))) {
        return { kind: 'retry', afterMs: 1000, reason: result.reason, function: bound.name };
      }
      observer.handled(link.id, event, result);
    }
    return undefined;
  }

  /** First tries may go in a batch; a repeat goes alone, where it finds out more. */
  function attempt(
    bound: FunctionDefinition,
    event: CausewayEvent,
    bindings: LinkContext,
    attempts: number,
  ): Promise<Result> {
    const turn = { attempts, random: options.random };
    const alone = () => limitOf(bound)(() => invoke(bound, event, bindings, turn));
    if (attempts > 0 || !bound.handleBatch) return alone();
    return batcherOf(bound).submit({ event, alone });
  }

  function limitOf({ name, atOnce }: FunctionDefinition): Limit {
    if (atOnce === undefined) return limit;
    const own = limits.get(name) ?? createLimit(atOnce);
    limits.set(name, own);
    return own;
  }

  function batcherOf(bound: FunctionDefinition): Batcher<Submitted, Result> {
    const known = batchers.get(bound.name);
    if (known) return known;
    const turn = { attempts: 0, random: options.random };
    const fresh = createBatcher<Submitted, Result>({
      singlesAtOnce: options.concurrency,
      ...batching,
      gathering,
      one: ({ alone }) => alone(),
      many: (submitted) => {
        const outcomes =
          bound.handleBatch?.(
            submitted.map(({ event }) => event),
            context,
          ) ?? [];
        return outcomes.map((outcome) => resultOfWork(bound, () => outcome, turn));
      },
    });
    batchers.set(bound.name, fresh);
    return fresh;
  }

  /** What waits for company leaves. */
  function hurry(): void {
    for (const batcher of batchers.values()) batcher.hurry();
  }

  const siteOf = (name: string): ObjectStore | undefined =>
    [context.source, context.target].find((store) => store.site === name) ?? context.site(name);

  function receive(message: HeldMessage): void {
    if (held.has(message.sequence)) return;
    held.set(message.sequence, message);
    let event: CausewayEvent;
    try {
      event = decodeEvent(message.body);
    } catch (error) {
      refuse(message, error);
      return;
    }
    const isBehind = lanes.add(event.partitionkey || event.id, () => work(message, event));
    // Of a key that is often written one version after the other goes: none of them may be held up.
    if (isBehind) hurry();
  }

  function refuse(message: HeldMessage, error: unknown): void {
    const reason = messageOf(error);
    const isForeign = error instanceof EventError && error.kind === 'unknown-type';
    if (isForeign) observer.foreign(link.id, reason);
    else observer.unreadable(link.id, reason);
    const { attempts, body } = message;
    const kept = isForeign
      ? Promise.resolve()
      : settlement.deadLetters.add({ link: link.id, reason, attempts, body });
    kept
      .then(() => message.ack())
      .catch(() => message.nak(1000))
      .finally(() => held.delete(message.sequence));
  }

  async function keepHolding(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(options.workingEveryMs, stopping.signal);
      for (const message of held.values()) message.working();
    }
  }

  keepHolding().catch(() => undefined);
  const opened = await options.feed.open(receive);
  return {
    oldest() {
      let oldest: number | undefined;
      for (const { stored } of held.values()) if (oldest === undefined || stored < oldest) oldest = stored;
      return oldest;
    },
    async stop() {
      stopping.abort(new Error('stopping'));
      hurry();
      await opened.close();
      await lanes.idle();
    },
  };
}
