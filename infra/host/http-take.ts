/**
 * What the HTTP host does with the events of one request. Those that came together and are for one link are handed to a
 * function that takes a batch as one; what became of each is told apart.
 */
import type { Became } from '../../events/batch-outcomes.ts';
import { EventError } from '../../events/cloudevent.ts';
import { scansDueAt, tickType } from '../../events/sources/schedule.ts';
import type { FunctionDefinition, Outcome } from '../../functions/define.ts';
import { messageOf } from '../../functions/errors.ts';
import type { Clock, Link, LinkContext } from '../../functions/ports.ts';
import { linksConcerned } from './concerned.ts';
import { type Delivery, readDelivery } from './http-event.ts';
import { again, dealtWith, type HttpSettlement, settleOverHttp } from './http-settle.ts';
import { invoke, resultOfWork } from './invoke.ts';
import { createLimit } from './limit.ts';
import type { Observer } from './link-worker.ts';
import { followers } from './settle.ts';

export interface TakeOptions {
  readonly bound: FunctionDefinition;
  readonly links: readonly Link[];
  contextOf(link: Link): Omit<LinkContext, 'emit'>;
  readonly settlement: HttpSettlement;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A delivery, or what is wrong with it; a dead letter is replayed from its body. */
type Read = { readonly body: Buffer } & ({ readonly delivery: Delivery } | { readonly error: EventError });

/** Of one request, where the function takes no batch. */
const singlesAtOnce = 32;

/** What became of each, in their order. */
export function takeAll(options: TakeOptions, all: readonly unknown[]): Promise<Became[]> {
  const read = all.map(readOne);
  const limit = createLimit(options.bound.atOnce ?? singlesAtOnce);
  const handled = together(
    options,
    read.flatMap((one) => ('delivery' in one ? [one.delivery] : [])),
  );
  return Promise.all(
    read.map((one, index) => {
      if ('delivery' in one) return take(options, one.delivery, one.body, handled, limit);
      return isTick(all[index]) ? tick(options) : refuse(options, one.error, one.body);
    }),
  );
}

function readOne(value: unknown): Read {
  const body = Buffer.from(JSON.stringify(value) ?? '');
  try {
    return { body, delivery: readDelivery(value) };
  } catch (error) {
    if (error instanceof EventError) return { body, error };
    throw error;
  }
}

const isTick = (attributes: unknown): boolean =>
  typeof attributes === 'object' &&
  attributes !== null &&
  'type' in attributes &&
  attributes.type === tickType;

/** The clock knows no links: each scan that is due becomes an event of its own. */
async function tick({ bound, links, settlement, clock }: TakeOptions): Promise<Became> {
  if (!bound.on.includes('dev.causeway.scan.due.v1')) return dealtWith;
  try {
    await settlement.log.publish(scansDueAt(clock.now(), links).map((event) => ({ event })));
    return dealtWith;
  } catch (error) {
    return again(messageOf(error));
  }
}

/** A type of somebody else's is let go; what cannot be read is kept. */
export async function refuse(
  { observer, settlement }: Pick<TakeOptions, 'observer' | 'settlement'>,
  { kind, message: reason }: EventError,
  body: Buffer,
): Promise<Became> {
  if (kind === 'unknown-type') {
    observer.foreign('-', reason);
    return dealtWith;
  }
  observer.unreadable('-', reason);
  try {
    await settlement.deadLetters.add({ reason, attempts: 1, body });
    return dealtWith;
  } catch (error) {
    return again(messageOf(error));
  }
}

/** What was begun for several events at once, by event and link. */
type Together = ReadonlyMap<Delivery, ReadonlyMap<string, Promise<Outcome>>>;

/** First tries only: a repeat goes alone, where it finds out more. */
function together({ bound, links, contextOf }: TakeOptions, deliveries: readonly Delivery[]): Together {
  const begun = new Map<Delivery, Map<string, Promise<Outcome>>>();
  if (!bound.handleBatch || deliveries.length < 2) return begun;
  const first = deliveries.filter(({ event, attempts }) => attempts === 0 && bound.on.includes(event.type));
  for (const link of links) {
    const theirs = first.filter(({ event, link: named }) => linksConcerned([link], event, named).length > 0);
    if (theirs.length < 2) continue;
    const events = theirs.map(({ event }) => event);
    for (const [index, outcome] of bound.handleBatch(events, contextOf(link)).entries()) {
      const delivery = theirs[index];
      if (!delivery) continue;
      begun.set(delivery, (begun.get(delivery) ?? new Map()).set(link.id, outcome));
    }
  }
  return begun;
}

async function take(
  options: TakeOptions,
  delivery: Delivery,
  body: Buffer,
  handled: Together,
  limit: ReturnType<typeof createLimit>,
): Promise<Became> {
  const { bound, observer, clock, random } = options;
  const { event, link: named, attempts } = delivery;
  if (!bound.on.includes(event.type)) return dealtWith;
  const links = linksConcerned(options.links, event, named);
  // Sent again for one link, it would be done again for all of them.
  const retries = links.length > 1 ? 'ledger' : options.settlement.retries;
  const settlement = { ...options.settlement, retries } as const;
  const turn = { attempts, random };

  async function takeFor(link: Link): Promise<Became> {
    const begun = handled.get(delivery)?.get(link.id);
    const emit: LinkContext['emit'] = (drafts) =>
      settlement.log.publish(followers(drafts, event, bound.name, clock.now()));
    const result = begun
      ? await resultOfWork(bound, () => begun, turn)
      : await limit(() => invoke(bound, event, { ...options.contextOf(link), emit }, turn));
    observer.handled(link.id, event, result);
    return settleOverHttp(settlement, { link: link.id, event, attempts, body }, result);
  }

  const became = await Promise.all(links.map(takeFor));
  return became.find(({ outcome }) => outcome !== 'done') ?? dealtWith;
}
