/**
 * Sends events that wait together to a function that takes a batch, as few requests as their bounds allow, until the
 * function has said of each what became of it. What its answer leaves out has failed: it comes again, alone.
 */
import { type Became, batchContentType, readOutcomes } from '../../events/batch-outcomes.ts';
import type { EventType } from '../../events/catalogue.ts';
import type { EventOf } from '../../events/cloudevent.ts';
import { done, type Outcome } from '../../functions/define.ts';
import { RetryableError, SiteUnavailableError } from '../../functions/errors.ts';
import { extensionsOf, mostInRequest } from './http-event.ts';
import { type Answer, whyNotReached } from './remote-call.ts';

interface Waiting {
  readonly id: string;
  readonly text: string;
  readonly settled: PromiseWithResolvers<Outcome<never>>;
}

export interface BatchCall {
  readonly name: string;
  send(outgoing: { readonly contentType: string; readonly body: string }): Promise<Answer>;
  /** Resolves when it is time for the next try; rejects when there is to be none. */
  wait(tries: number, why: string): Promise<void>;
  /** The function answered. */
  reached(): void;
}

/** One promise for each event, in their order. */
export function sendBatch(
  call: BatchCall,
  events: readonly EventOf<EventType>[],
  link: string,
): readonly Promise<Outcome<never>>[] {
  const all = events.map((event) => ({
    id: event.id,
    text: JSON.stringify({ ...event, ...extensionsOf(link, undefined) }),
    settled: Promise.withResolvers<Outcome<never>>(),
  }));
  for (const part of inRequests(all)) {
    untilSettled(call, part).catch((error: unknown) => {
      for (const { settled } of part) settled.reject(error);
    });
  }
  return all.map(({ settled }) => settled.promise);
}

/** In their order; one that fills a request by itself has one. */
function inRequests(all: readonly Waiting[]): Waiting[][] {
  const parts: Waiting[][] = [];
  let room = 0;
  for (const one of all) {
    // With the comma or bracket before it.
    const bytes = Buffer.byteLength(one.text) + 1;
    let part = parts.at(-1);
    if (!part || part.length === mostInRequest.events || bytes > room) {
      part = [];
      parts.push(part);
      room = mostInRequest.bytes - 1;
    }
    part.push(one);
    room -= bytes;
  }
  return parts;
}

async function untilSettled(call: BatchCall, part: readonly Waiting[]): Promise<void> {
  let left = part;
  for (let tries = 0; ; tries++) {
    const body = `[${left.map(({ text }) => text).join(',')}]`;
    const answer = await call.send({ contentType: batchContentType, body });
    const undone = heard(call.name, answer, left);
    const [first] = undone;
    if (!first) return call.reached();
    left = undone.map(({ waiting }) => waiting);
    await call.wait(tries, first.why);
  }
}

interface Undone {
  readonly waiting: Waiting;
  readonly why: string;
}

/** Those that nobody has tried, or whose work could not be made to hold. Throws what all of them failed with. */
function heard(name: string, answer: Answer, left: readonly Waiting[]): readonly Undone[] {
  // Together they were too much; alone each finds out whether it is.
  if (answer.status === 413) throw new RetryableError(`${name} takes no batch of ${left.length} events`);
  const away = whyNotReached(name, answer);
  if (away !== undefined) return left.map((waiting) => ({ waiting, why: away }));
  const outcomes = readOutcomes(answer.words);
  const undone: Undone[] = [];
  for (const waiting of left) {
    const became = outcomes?.get(waiting.id);
    if (became?.outcome === 'again') undone.push({ waiting, why: became.reason });
    else settle(name, waiting, became);
  }
  return undone;
}

function settle(
  name: string,
  { settled }: Waiting,
  became: Exclude<Became, { outcome: 'again' }> | undefined,
): void {
  if (became?.outcome === 'done') settled.resolve(done('taken by its Service'));
  else settled.reject(failureOf(name, became));
}

function failureOf(
  name: string,
  became: Exclude<Became, { outcome: 'again' | 'done' }> | undefined,
): RetryableError {
  if (!became) return new RetryableError(`${name} did not say what became of it`);
  const { afterMs, reason } = became;
  return became.outcome === 'unavailable'
    ? new SiteUnavailableError(became.site, reason)
    : new RetryableError(reason, { afterMs });
}
