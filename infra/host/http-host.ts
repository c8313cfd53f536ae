/**
 * The HTTP host: one function as a Knative Service that takes CloudEvents, structured or binary, one in a request.
 *
 * The answer is 202 with no body when the event is dealt with (what it emitted is on the stream by then), will be tried
 * again from the ledger, is kept as a dead letter, or is no business of this function; 503 with Retry-After when the
 * sender must send it again. Knative does not retry most 4xx and its JetStream broker drops them, so none is answered
 * to an event.
 */
import { EventError } from '../../events/cloudevent.ts';
import { scansDueAt, tickType } from '../../events/sources/schedule.ts';
import type { FunctionDefinition } from '../../functions/define.ts';
import { messageOf } from '../../functions/errors.ts';
import type { Clock, Link, LinkContext } from '../../functions/ports.ts';
import { linksConcerned } from './concerned.ts';
import { attributesOf, type Delivery, readDelivery } from './http-event.ts';
import { type HttpAnswer, type HttpRequest, type HttpServer, serveHttp } from './http-server.ts';
import { accepted, type HttpSettlement, sendAgain, settleOverHttp } from './http-settle.ts';
import { invoke } from './invoke.ts';
import type { Observer } from './link-worker.ts';
import { followers } from './settle.ts';

export interface HttpHostOptions {
  readonly bound: FunctionDefinition;
  readonly host: string;
  readonly port: number;
  readonly links: readonly Link[];
  contextOf(link: Link): Omit<LinkContext, 'emit'>;
  readonly settlement: HttpSettlement;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly random: () => number;
  /** Why events cannot be handled now; undefined when they can. */
  notReady(): string | undefined;
  /** What it counts, for Prometheus. */
  metrics?(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const mostBytes = 1024 * 1024;
/** Knative ends a container ten seconds after it was told to stop. */
const drainMs = 8_000;

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
  if (request.path === '/metrics' && options.metrics) {
    const { contentType, text } = await options.metrics();
    return { status: 200, headers: { 'content-type': contentType }, body: text };
  }
  if (request.method !== 'POST') {
    return { status: 405, headers: { allow: 'POST' }, body: 'POST a CloudEvent\n' };
  }
  const body = await request.body();
  // Nothing of what it would do could be made to hold.
  const reason = options.notReady();
  if (reason) return sendAgain(1000, reason);
  if (!body) return { status: 413, body: `an event has ${mostBytes} bytes at most\n` };
  let kept = body;
  let delivery: Delivery;
  try {
    const attributes = attributesOf(request.headers, body);
    // A dead letter is replayed: of a binary event, the body alone would not do.
    kept = Buffer.from(JSON.stringify(attributes));
    if (isTick(attributes)) return tick(options);
    delivery = readDelivery(attributes);
  } catch (error) {
    if (error instanceof EventError) return refuse(options, error, kept);
    throw error;
  }
  return take(options, delivery, kept);
}

const isTick = (attributes: unknown): boolean =>
  typeof attributes === 'object' &&
  attributes !== null &&
  'type' in attributes &&
  attributes.type === tickType;

/** The clock knows no links: each scan that is due becomes an event of its own. */
async function tick({ bound, links, settlement, clock }: HttpHostOptions): Promise<HttpAnswer> {
  if (!bound.on.includes('dev.causeway.scan.due.v1')) return accepted;
  try {
    await settlement.log.publish(scansDueAt(clock.now(), links).map((event) => ({ event })));
    return accepted;
  } catch (error) {
    return sendAgain(1000, messageOf(error));
  }
}

/** A type of somebody else's is let go; what cannot be read is kept. */
async function refuse(
  { observer, settlement }: HttpHostOptions,
  { kind, message: reason }: EventError,
  body: Buffer,
): Promise<HttpAnswer> {
  if (kind === 'unknown-type') {
    observer.foreign('-', reason);
    return accepted;
  }
  observer.unreadable('-', reason);
  try {
    await settlement.deadLetters.add({ reason, attempts: 1, body });
    return accepted;
  } catch (error) {
    return sendAgain(1000, messageOf(error));
  }
}

async function take(
  options: HttpHostOptions,
  { event, link: named, attempts }: Delivery,
  body: Buffer,
): Promise<HttpAnswer> {
  const { bound, observer, clock, random } = options;
  if (!bound.on.includes(event.type)) return accepted;
  const links = linksConcerned(options.links, event, named);
  // Sent again for one link, it would be done again for all of them.
  const retries = links.length > 1 ? 'ledger' : options.settlement.retries;
  const settlement = { ...options.settlement, retries } as const;

  async function takeFor(link: Link): Promise<HttpAnswer> {
    const emit: LinkContext['emit'] = (drafts) =>
      settlement.log.publish(followers(drafts, event, bound.name, clock.now()));
    const result = await invoke(bound, event, { ...options.contextOf(link), emit }, { attempts, random });
    observer.handled(link.id, event, result);
    return settleOverHttp(settlement, { link: link.id, event, attempts, body }, result);
  }

  const answers = await Promise.all(links.map(takeFor));
  return answers.find(({ status }) => status !== accepted.status) ?? accepted;
}
