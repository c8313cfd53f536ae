/**
 * Small versions that wait together go together: read, checked, and sent in one request where the target takes stacks.
 * A lone version goes at once by itself; what a stack cannot carry goes singly beside it. A stack's confirmation holds
 * for each entry (pinned by the store contract), so only versions that travel on are looked at one by one; the walk
 * compares the rest, a thousand in one request.
 */

import type { EventType } from '../../events/catalogue.ts';
import type { EventOf } from '../../events/cloudevent.ts';
import { done, type Outcome } from '../define.ts';
import { RefusedError, TerminalError } from '../errors.ts';
import type { BatchContext, StackEntry, Stacking } from '../ports.ts';
import { nullVersion, type Place, placeOf, unconcerned } from './placing.ts';
import { countArrival, openVersion, type Sends, sentOutcome } from './sending.ts';

/** Fewer are sent faster one by one. */
const smallestStack = 4;
/** Uncompressed bytes of one stack. */
const largestStack = 32 * 1024 * 1024;
const readsAtOnce = 32;

interface Pointing {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly modified?: string | undefined;
  readonly size?: number;
  readonly via?: readonly string[] | undefined;
  readonly round?: number;
}

type Settled = PromiseWithResolvers<Outcome<Sends>>;

interface Waiting {
  readonly place: Place;
  readonly entry: StackEntry;
  readonly settled: Settled;
}

/** One promise for each event, in their order; each settles by itself. */
export function stackUp<Event extends EventOf<EventType> & { readonly data: Pointing }>(
  events: readonly Event[],
  context: BatchContext,
  single: (event: Event) => Promise<Outcome<Sends>>,
): readonly Promise<Outcome<Sends>>[] {
  const all = events.map((event) => ({ event, settled: Promise.withResolvers<Outcome<Sends>>() }));
  const { stacking } = context.target;
  const [fit, others] = [
    all.filter(({ event }) => isSmall(event.data)),
    all.filter(({ event }) => !isSmall(event.data)),
  ];
  const isWorth = stacking !== undefined && fit.length >= smallestStack;
  for (const { event, settled } of isWorth ? others : all)
    single(event).then(settled.resolve, settled.reject);
  if (isWorth) {
    const pile = createPile(context, stacking);
    stackAll(fit, context, stacking, pile, single).catch((error: unknown) => {
      for (const { settled } of fit) settled.reject(error);
    });
  }
  return all.map(({ settled }) => settled.promise);
}

const isSmall = ({ size = 0, versionId = nullVersion, round = 0 }: Pointing): boolean =>
  size <= largestStack / 4 && versionId !== nullVersion && round === 0;

async function stackAll<Event extends { readonly data: Pointing }>(
  fit: readonly { readonly event: Event; readonly settled: Settled }[],
  context: BatchContext,
  stacking: Stacking,
  pile: ReturnType<typeof createPile>,
  single: (event: Event) => Promise<Outcome<Sends>>,
): Promise<void> {
  const next = fit.values();
  async function readOn(): Promise<void> {
    for (const { event, settled } of next) {
      try {
        const entry = await load(event.data, context, stacking);
        if (entry === 'single') single(event).then(settled.resolve, settled.reject);
        else if ('kind' in entry) settled.resolve(entry);
        else await pile.add({ ...entry, settled });
      } catch (error) {
        settled.reject(error);
      }
    }
  }
  await Promise.all(Array.from({ length: readsAtOnce }, readOn));
  await pile.send();
}

async function load(
  data: Pointing,
  context: BatchContext,
  stacking: Stacking,
): Promise<{ place: Place; entry: StackEntry } | Outcome<Sends> | 'single'> {
  const reason = unconcerned(context.link, data);
  if (reason) return done(reason);
  const place = placeOf(context.link, data);
  const opened = await openVersion(context, place, data.modified);
  if ('kind' in opened) return opened;
  try {
    const entry = await stacking.load(place.target, opened);
    return entry ? { place, entry } : 'single';
  } finally {
    opened.discard();
  }
}

/** Collects entries and sends them whenever there are enough. */
function createPile(context: BatchContext, stacking: Stacking) {
  let waiting: Waiting[] = [];
  let bytes = 0;

  async function send(): Promise<void> {
    const stack = waiting;
    waiting = [];
    bytes = 0;
    if (stack.length > 0) await sendStack(context, stacking, stack);
  }

  return {
    send,
    async add(one: Waiting): Promise<void> {
      waiting.push(one);
      bytes += one.entry.body.length;
      if (bytes >= largestStack) await send();
    },
  };
}

/** Halves a stack that was refused until the entry that is to blame stands alone: it is sent singly and says why. */
async function sendStack(
  context: BatchContext,
  stacking: Stacking,
  stack: readonly Waiting[],
): Promise<void> {
  try {
    await stacking.write(
      context.link.target.bucket,
      stack.map(({ entry }) => entry),
    );
    for (const { place, entry, settled } of stack) settled.resolve(confirmed(context, place, entry));
  } catch (error) {
    const isRefused = error instanceof RefusedError || error instanceof TerminalError;
    if (!isRefused || stack.length === 1) {
      for (const { settled } of stack) settled.reject(error);
      return;
    }
    const middle = Math.ceil(stack.length / 2);
    await sendStack(context, stacking, stack.slice(0, middle));
    await sendStack(context, stacking, stack.slice(middle));
  }
}

function confirmed(context: BatchContext, place: Place, { facts }: StackEntry): Outcome<Sends> {
  if (context.link.onward) return sentOutcome(context, place, facts, { answer: 'written', round: 0 });
  countArrival(context, facts, 'written');
  return done('sent in a stack');
}
