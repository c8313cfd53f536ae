/**
 * Publishes events by HTTP, to the sink of a Knative Broker (K_SINK): structured CloudEvents, since keys would not
 * survive as headers. Resolves when the sink has taken all of them.
 */
import { Agent, type Dispatcher, request } from 'undici';
import { contentType } from '../../events/cloudevent.ts';
import { messageOf, RetryableError } from '../../functions/errors.ts';
import { extensionsOf } from '../host/http-event.ts';
import type { EventLog, Publication } from '../host/ports.ts';
import { retryAfterMs } from '../stores/retry-after.ts';

export interface SinkOptions {
  readonly url: string;
  /** Of one event. */
  readonly deadlineMs: number;
}

export interface Sink extends EventLog {
  close(): Promise<void>;
}

/** Requests under way at once from one call. */
const inFlight = 32;

export function createSink({ url, deadlineMs }: SinkOptions): Sink {
  const dispatcher = new Agent({ connections: inFlight });

  async function send({ event, link, attempts }: Publication): Promise<void> {
    const answer = await post(JSON.stringify({ ...event, ...extensionsOf(link, attempts) }));
    // Read and thrown away, so that the connection can be used again.
    await answer.body.dump().catch(() => undefined);
    if (answer.statusCode >= 200 && answer.statusCode < 300) return;
    const afterMs = retryAfterMs(answer.headers['retry-after']);
    throw new RetryableError(
      `the sink answers ${answer.statusCode}`,
      afterMs === undefined ? {} : { afterMs },
    );
  }

  async function post(body: string): Promise<Dispatcher.ResponseData> {
    const signal = AbortSignal.timeout(deadlineMs);
    const headers = { 'content-type': contentType };
    try {
      return await request(url, { method: 'POST', headers, body, signal, dispatcher });
    } catch (cause) {
      const why = signal.aborted ? `no answer within ${deadlineMs} ms` : messageOf(cause);
      throw new RetryableError(`the sink does not take events: ${why}`, { cause });
    }
  }

  return {
    async publish(publications) {
      for (let from = 0; from < publications.length; from += inFlight) {
        await Promise.all(publications.slice(from, from + inFlight).map(send));
      }
    },
    close: () => dispatcher.close(),
  };
}
