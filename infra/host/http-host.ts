/**
 * The HTTP host: one function as a Knative Service that takes CloudEvents, structured or binary, one in a request; from
 * our own dispatcher also many, as a batch.
 *
 * The answer is 202 with no body when the event is dealt with (what it emitted is on the stream by then), will be tried
 * again from the ledger, is kept as a dead letter, or is no business of this function; 503 with Retry-After when the
 * sender must send it again. Knative does not retry most 4xx and its JetStream broker drops them, so none is answered
 * to an event. To a batch it is 200 with one event that says the same of each.
 */
import { outcomesEvent } from '../../events/batch-outcomes.ts';
import { contentType, EventError } from '../../events/cloudevent.ts';
import { attributesOf, batchOf, idOf, mostInRequest } from './http-event.ts';
import { type HttpAnswer, type HttpRequest, type HttpServer, serveHttp } from './http-server.ts';
import { again, answerOf, sendAgain } from './http-settle.ts';
import { refuse, type TakeOptions, takeAll } from './http-take.ts';
import { type Standing, standingAnswer } from './standing.ts';

export interface HttpHostOptions extends TakeOptions, Standing {
  readonly host: string;
  readonly port: number;
}

/** Knative ends a container ten seconds after it was told to stop. */
const drainMs = 8_000;

export interface HttpHost {
  readonly port: number;
  /** Answers what is under way, within ten seconds. */
  stop(): Promise<void>;
}

export async function startHttpHost(options: HttpHostOptions): Promise<HttpHost> {
  const server: HttpServer = await serveHttp(
    { host: options.host, port: options.port, mostBytes: mostInRequest.bytes },
    (request) => answer(options, request),
  );
  return { port: server.port, stop: () => server.close(drainMs) };
}

async function answer(options: HttpHostOptions, request: HttpRequest): Promise<HttpAnswer> {
  const standing = await standingAnswer(request.path, options);
  if (standing) return standing;
  if (request.method !== 'POST') {
    return { status: 405, headers: { allow: 'POST' }, body: 'POST a CloudEvent\n' };
  }
  const body = await request.body();
  // Nothing of what it would do could be made to hold.
  const reason = options.notReady();
  if (reason) return sendAgain(1000, reason);
  if (!body) return { status: 413, body: `a request has ${mostInRequest.bytes} bytes at most\n` };
  try {
    const batch = batchOf(request.headers, body);
    if (batch) return await answerToBatch(options, batch);
    const [became = again('it was not handled')] = await takeAll(options, [
      attributesOf(request.headers, body),
    ]);
    return answerOf(became);
  } catch (error) {
    if (error instanceof EventError) return answerOf(await refuse(options, error, body));
    throw error;
  }
}

async function answerToBatch(options: HttpHostOptions, batch: readonly unknown[]): Promise<HttpAnswer> {
  if (batch.length > mostInRequest.events) {
    return { status: 413, body: `a batch has ${mostInRequest.events} events at most\n` };
  }
  const became = await takeAll(options, batch);
  const outcomes = batch.flatMap((value, index) => {
    const [id, its] = [idOf(value), became[index]];
    return id === undefined || its === undefined ? [] : [{ id, ...its }];
  });
  const answer = outcomesEvent(outcomes, options.bound.name, options.clock.now());
  return { status: 200, headers: { 'content-type': contentType }, body: JSON.stringify(answer) };
}
