/**
 * The HTTP host: one function as a Knative Service that takes CloudEvents, structured or binary.
 *
 * The answer is 202 with no body when the event is dealt with (what it emitted is on the stream by then), or will be
 * tried again from the ledger, or is kept as a dead letter; 503 with Retry-After when the sender must send it again.
 * Knative does not retry most 4xx and its JetStream broker drops them, so none is answered to an event.
 */
import { HTTP } from 'cloudevents';
import { type CausewayEvent, EventError, readEvent } from '../../events/cloudevent.ts';
import type { FunctionDefinition } from '../../functions/define.ts';
import { messageOf } from '../../functions/errors.ts';
import type { Clock, LinkContext } from '../../functions/ports.ts';
import type { HttpAnswer, HttpRequest, HttpServer } from './http-server.ts';
import { serveHttp } from './http-server.ts';
import { invoke, type Result } from './invoke.ts';
import type { Observer } from './link-worker.ts';
import type { HeldMessage } from './ports.ts';
import { followers, type Settlement, settle } from './settle.ts';

export interface HttpHostOptions {
  readonly bound: FunctionDefinition;
  readonly host: string;
  readonly port: number;
  /** The links that an event concerns: the one it names, or all that start where it happened. */
  contextsFor(event: CausewayEvent): readonly Omit<LinkContext, 'emit'>[];
  readonly settlement: Settlement;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly random: () => number;
  /** Why events cannot be handled now; undefined when they can. */
  notReady(): string | undefined;
}

const mostBytes = 1024 * 1024;
const drainMs = 9_000;
const accepted: HttpAnswer = { status: 202 };
const sendAgain = (afterMs: number, reason: string): HttpAnswer => ({
  status: 503,
  headers: { 'retry-after': String(Math.max(1, Math.ceil(afterMs / 1000))) },
  body: `${reason}\n`,
});

export interface HttpHost {
  readonly port: number;
  /** Answers what is under way, within ten seconds. */
  stop(): Promise<void>;
}

export async function startHttpHost(options: HttpHostOptions): Promise<HttpHost> {
  const server: HttpServer = await serveHttp(
    { host: options.host, port: options.port, mostBytes },
    (request) => answer(options, request),
  );
  return { port: server.port, stop: () => server.close(drainMs) };
}

async function answer(options: HttpHostOptions, request: HttpRequest): Promise<HttpAnswer> {
  if (request.path === '/health/liveness') return { status: 200, body: 'alive\n' };
  if (request.path === '/health/readiness') {
    const reason = options.notReady();
    return reason ? { status: 503, body: `${reason}\n` } : { status: 200, body: 'ready\n' };
  }
  if (request.method !== 'POST')
    return { status: 405, headers: { allow: 'POST' }, body: 'POST a CloudEvent\n' };
  const body = await request.body();
  if (!body) return { status: 413, body: `an event has ${mostBytes} bytes at most\n` };
  try {
    return await take(options, read(request.headers, body), body);
  } catch (error) {
    if (!(error instanceof EventError)) return sendAgain(1000, messageOf(error));
    options.observer.unreadable('-', error.message);
    if (error.kind === 'unknown-type') return accepted;
    return keep(options, error.message, body);
  }
}

/** Throws EventError. */
function read(headers: HttpRequest['headers'], body: Buffer): CausewayEvent {
  try {
    const event = HTTP.toEvent<unknown>({ headers, body: body.toString('utf8') });
    // A batch is not one event; JSON gives the plain attributes.
    return readEvent(JSON.parse(JSON.stringify(event)));
  } catch (error) {
    if (error instanceof EventError) throw error;
    throw new EventError('malformed', `not a CloudEvent: ${messageOf(error)}`);
  }
}

async function keep({ settlement }: HttpHostOptions, reason: string, body: Buffer): Promise<HttpAnswer> {
  try {
    await settlement.deadLetters.add({ reason, attempts: 1, body });
    return accepted;
  } catch (error) {
    return sendAgain(1000, messageOf(error));
  }
}

async function take(options: HttpHostOptions, event: CausewayEvent, body: Buffer): Promise<HttpAnswer> {
  const { bound, settlement, observer, clock } = options;
  if (!bound.on.includes(event.type)) return accepted;
  const attempts = 0;
  let worst: HttpAnswer = accepted;
  for (const context of options.contextsFor(event)) {
    const emit: LinkContext['emit'] = (drafts) =>
      settlement.log.publish(followers(drafts, event, bound.name, clock.now()));
    const result = await invoke(bound, event, { ...context, emit }, { attempts, random: options.random });
    observer.handled(context.link.id, event, result);
    const given = await settleOverHttp(settlement, context.link.id, event, result, body);
    if (given.status !== accepted.status) worst = given;
  }
  return worst;
}

async function settleOverHttp(
  settlement: Settlement,
  link: string,
  event: CausewayEvent,
  result: Result,
  body: Buffer,
): Promise<HttpAnswer> {
  if (result.kind === 'unavailable') return sendAgain(1000, result.reason);
  let given = accepted;
  const message: HeldMessage = {
    body,
    sequence: 0,
    attempts: 0,
    stored: settlement.clock.now(),
    ack: () => Promise.resolve(),
    nak: (afterMs) => {
      given = sendAgain(afterMs, result.kind === 'retry' ? result.reason : 'again, please');
    },
    working: () => undefined,
  };
  await settle(settlement, link, message, event, result);
  return given;
}
