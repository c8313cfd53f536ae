/**
 * Functions that run elsewhere: calling one posts its event, as a structured CloudEvent for one link, to the HTTP host
 * that serves it. What the function emitted is on the stream by the time of a 2xx.
 *
 * A Service that nobody can reach (not deployed, starting, overloaded) is waited for: that spends none of the event's
 * attempts. A try that ran too long, or during which the function went away, spends one: the event may be the cause.
 */
import { Agent, type Dispatcher, request } from 'undici';
import type { EventType } from '../../events/catalogue.ts';
import { contentType, type EventOf } from '../../events/cloudevent.ts';
import { done, type FunctionDefinition } from '../../functions/define.ts';
import { messageOf, RetryableError, SiteUnavailableError, TerminalError } from '../../functions/errors.ts';
import type { Clock } from '../../functions/ports.ts';
import { extensionsOf } from './http-event.ts';
import { failedHeader } from './http-settle.ts';
import { backoff } from './invoke.ts';

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
const mostWords = 500;

export function remoteFunctions(
  functions: readonly FunctionDefinition[],
  options: RemoteOptions,
): RemoteFunctions {
  const { deadlineMs } = options;
  const agent = new Agent({
    connect: { timeout: 10_000 },
    headersTimeout: deadlineMs,
    bodyTimeout: deadlineMs,
  });
  return {
    functions: functions.map((definition) => {
      const { name, on, emits, atOnce } = definition;
      const call = caller(name, agent, options);
      return {
        name,
        on,
        emits,
        ...(atOnce === undefined ? {} : { atOnce }),
        handle: async (event, { link }) => {
          await call(event, link.id);
          return done('taken by its Service');
        },
      };
    }),
    close: () => agent.destroy(),
  };
}

type Call = (event: EventOf<EventType>, link: string) => Promise<void>;

function caller(name: string, agent: Agent, options: RemoteOptions): Call {
  const { clock, random, signal, onReach } = options;
  const url = options.urlOf(name);
  let isAway = false;
  const reached = (reason: string | undefined): void => {
    if (isAway === (reason !== undefined)) return;
    isAway = !isAway;
    onReach(name, reason);
  };
  return async (event, link) => {
    const body = JSON.stringify({ ...event, ...extensionsOf(link, undefined) });
    for (let tries = 0; ; tries++) {
      const answer = await post(url, body, agent, options.deadlineMs);
      const away = judge(name, answer);
      reached(away);
      if (away === undefined) return;
      // The signal ends the wait by a rejection, and the event goes back to the stream.
      await clock.sleep(backoff(tries, random, longestWaitMs), signal);
    }
  };
}

interface Answer {
  /** 0: there was none. */
  readonly status: number;
  readonly failed: string | undefined;
  readonly afterMs: number | undefined;
  readonly words: string;
}

async function post(url: string, body: string, dispatcher: Agent, deadlineMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(deadlineMs);
  const headers = { 'content-type': contentType };
  try {
    const {
      statusCode,
      headers: answered,
      ...rest
    } = await request(url, {
      method: 'POST',
      headers,
      body,
      signal,
      dispatcher,
    });
    const words = (await rest.body.text()).trim().slice(0, mostWords);
    const failed = answered[failedHeader];
    return { status: statusCode, failed: failed?.toString(), afterMs: waitOf(answered), words };
  } catch (error) {
    const gone = { failed: undefined, afterMs: undefined };
    if (signal.aborted) return { ...gone, status: 504, words: `no answer within ${deadlineMs} ms` };
    return { ...gone, status: wasSent(error) ? 502 : 0, words: messageOf(error) };
  }
}

const beforeConnected = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'],
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether the function may have had the event when the connection was lost. */
const wasSent = (error: unknown): boolean =>
  !(error instanceof Error && 'code' in error && beforeConnected.has(String(error.code)));

/** Why the function was not reached; undefined when it has dealt with the event. Throws what it failed with. */
function judge(name: string, { status, failed, afterMs, words }: Answer): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  const told = afterMs === undefined ? {} : { afterMs };
  if (failed?.startsWith('site:')) throw new SiteUnavailableError(failed.slice('site:'.length), words);
  if (failed !== undefined) throw new RetryableError(words, told);
  const reason = `${name} answers ${status}: ${words}`;
  if (status === 413) throw new TerminalError(reason);
  // A queue proxy says 502 where its function has gone away during the request.
  if (status === 500 || status === 502 || status === 504) throw new RetryableError(reason, told);
  return status === 0 ? words : reason;
}

/** Retry-After in seconds; a date is not understood. */
function waitOf(headers: Dispatcher.ResponseData['headers']): number | undefined {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? seconds * 1000 : undefined;
}
