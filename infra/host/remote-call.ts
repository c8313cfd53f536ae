/**
 * One request to a function that runs elsewhere, and what its answer says: that it dealt with what it was sent, that it
 * failed, or that it was not reached at all.
 */
import { Agent, request } from 'undici';
import { messageOf, RetryableError, SiteUnavailableError, TerminalError } from '../../functions/errors.ts';
import { retryAfterMs } from '../stores/retry-after.ts';
import { failedHeader } from './http-settle.ts';

export interface Answer {
  /** 0: there was none. */
  readonly status: number;
  readonly failed: string | undefined;
  readonly afterMs: number | undefined;
  readonly words: string;
}

export interface Outgoing {
  readonly contentType: string;
  readonly body: string;
}

/** Resolves to what was answered, also where nothing was. */
export type Post = (url: string, outgoing: Outgoing) => Promise<Answer>;

const mostWords = 500;
/** The outcomes of a batch, with their reasons. */
const mostAnswerBytes = 4 * 1024 * 1024;

export function createPost(deadlineMs: number): { readonly post: Post; close(): Promise<void> } {
  const dispatcher = new Agent({
    connect: { timeout: 10_000 },
    headersTimeout: deadlineMs,
    bodyTimeout: deadlineMs,
    maxResponseSize: mostAnswerBytes,
  });

  async function post(url: string, { contentType, body }: Outgoing): Promise<Answer> {
    const signal = AbortSignal.timeout(deadlineMs);
    const headers = { 'content-type': contentType };
    try {
      const answered = await request(url, { method: 'POST', headers, body, signal, dispatcher });
      const words = (await answered.body.text()).trim();
      const failed = answered.headers[failedHeader];
      const afterMs = retryAfterMs(answered.headers['retry-after']);
      return { status: answered.statusCode, failed: failed?.toString(), afterMs, words };
    } catch (error) {
      const gone = { failed: undefined, afterMs: undefined };
      if (signal.aborted) return { ...gone, status: 504, words: `no answer within ${deadlineMs} ms` };
      return { ...gone, status: wasSent(error) ? 502 : 0, words: messageOf(error) };
    }
  }

  return { post, close: () => dispatcher.destroy() };
}

const beforeConnected = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'],
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether the function may have had the event when the connection was lost. */
const wasSent = (error: unknown): boolean =>
  !(error instanceof Error && 'code' in error && beforeConnected.has(String(error.code)));

/** Why the function was not reached; undefined when it has dealt with the event. Throws what it failed with. */
export function whyNotReached(name: string, { status, failed, afterMs, words }: Answer): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  const said = words.slice(0, mostWords);
  const told = afterMs === undefined ? {} : { afterMs };
  if (failed?.startsWith('site:')) throw new SiteUnavailableError(failed.slice('site:'.length), said);
  if (failed !== undefined) throw new RetryableError(said, told);
  const reason = `${name} answers ${status}: ${said}`;
  if (status === 413) throw new TerminalError(reason);
  // A queue proxy says 502 where its function has gone away during the request.
  if (status === 500 || status === 502 || status === 504) throw new RetryableError(reason, told);
  return status === 0 ? said : reason;
}
