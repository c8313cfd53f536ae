/**
 * Where a Broker brings what it could not deliver: the ledger keeps it and brings it back, so that the end of a
 * Broker's tries is the end of nothing.
 */
import { catalogue } from '../../events/catalogue.ts';
import { EventError } from '../../events/cloudevent.ts';
import { messageOf } from '../../functions/errors.ts';
import type { Clock, Link } from '../../functions/ports.ts';
import { linksConcerned } from './concerned.ts';
import { attributesOf, readDelivery } from './http-event.ts';
import type { HttpAnswer, HttpRequest } from './http-server.ts';
import { accepted, sendAgain } from './http-settle.ts';
import type { DeadLetters, Ledger } from './ports.ts';

export interface UndeliveredOptions {
  readonly links: readonly Link[];
  readonly ledger: Ledger;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
}

const nextTryMs = 10_000;

export async function takeUndelivered(
  options: UndeliveredOptions,
  request: Pick<HttpRequest, 'headers' | 'body'>,
): Promise<HttpAnswer> {
  const body = await request.body();
  if (!body) return { status: 413, body: 'larger than an event may be\n' };
  try {
    await keep(options, request.headers, body);
    return accepted;
  } catch (error) {
    return sendAgain(1000, messageOf(error));
  }
}

async function keep(
  { links, ledger, deadLetters, clock }: UndeliveredOptions,
  headers: HttpRequest['headers'],
  body: Buffer,
): Promise<void> {
  try {
    const { event, link: named, attempts } = readDelivery(attributesOf(headers, body));
    // The next tick brings the same work again.
    if (catalogue[event.type].subject === 'schedule') return;
    const reason = 'the Broker could not deliver it';
    const nextTry = clock.now() + nextTryMs;
    for (const { id } of linksConcerned(links, event, named)) {
      await ledger.put({ link: id, event, reason, attempts, nextTry, state: 'failed' });
    }
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    if (error.kind === 'malformed') await deadLetters.add({ reason: error.message, attempts: 1, body });
  }
}
