/**
 * Functions that run elsewhere: calling one posts its event, as a structured CloudEvent for one link, to the HTTP host
 * that serves it; events that wait together go to a function that takes a batch as one. What the function emitted is on
 * the stream by the time of a 2xx.
 *
 * A Service that nobody can reach (not deployed, starting, overloaded) is waited for: that spends none of the event's
 * attempts. A try that ran too long, or during which the function went away, spends one: the event may be the cause.
 */
import type { EventType } from '../../events/catalogue.ts';
import { contentType, type EventOf } from '../../events/cloudevent.ts';
import { done, type FunctionDefinition } from '../../functions/define.ts';
import type { Clock } from '../../functions/ports.ts';
import { extensionsOf } from './http-event.ts';
import { backoff } from './invoke.ts';
import { sendBatch } from './remote-batch.ts';
import { createPost, type Post, whyNotReached } from './remote-call.ts';

export interface RemoteOptions {
  /** Where a function listens. */
  urlOf(name: string): string;
  /** Of one call. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** Ends the waiting for a Service that is not there. */
  readonly signal: AbortSignal;
  /** Told when a function cannot be reached, and why; undefined when it can be again. */
  onReach(name: string, reason: string | undefined): void;
}

export interface RemoteFunctions {
  readonly functions: readonly FunctionDefinition[];
  close(): Promise<void>;
}

/** Between tries to reach a Service. */
const longestWaitMs = 10_000;

export function remoteFunctions(
  functions: readonly FunctionDefinition[],
  options: RemoteOptions,
): RemoteFunctions {
  const { post, close } = createPost(options.deadlineMs);
  return { functions: functions.map((definition) => remote(definition, post, options)), close };
}

function remote(definition: FunctionDefinition, post: Post, options: RemoteOptions): FunctionDefinition {
  const { name, on, emits, atOnce } = definition;
  const { clock, random, signal, onReach } = options;
  const url = options.urlOf(name);
  let isAway = false;
  const tell = (reason: string | undefined): void => {
    if (isAway === (reason !== undefined)) return;
    isAway = !isAway;
    onReach(name, reason);
  };
  const call = {
    name,
    send: (outgoing: Parameters<Post>[1]) => post(url, outgoing),
    reached: () => tell(undefined),
    wait(tries: number, why: string): Promise<void> {
      tell(why);
      // The signal ends the wait by a rejection, and the event goes back to the stream.
      return clock.sleep(backoff(tries, random, longestWaitMs), signal);
    },
  };

  async function send(event: EventOf<EventType>, link: string): Promise<void> {
    const body = JSON.stringify({ ...event, ...extensionsOf(link, undefined) });
    for (let tries = 0; ; tries++) {
      const away = whyNotReached(name, await call.send({ contentType, body }));
      if (away === undefined) return call.reached();
      await call.wait(tries, away);
    }
  }

  return {
    name,
    on,
    emits,
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(definition.handleBatch
      ? { handleBatch: (events, { link }) => sendBatch(call, events, link.id) }
      : {}),
    handle: async (event, { link }) => {
      await send(event, link.id);
      return done('taken by its Service');
    },
  };
}
