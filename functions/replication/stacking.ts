/**
 * Small versions that wait together go together: read, checked, and sent in one request where the target takes stacks.
 * A lone version goes at once by itself; what a stack cannot carry goes singly beside it. A stack's confirmation holds
 * for each entry (pinned by the store contract), so only versions that travel on are looked at one by one; the walk
 * compares the rest, a thousand in one request.
 */
import { done, type Outcome } from '../define.ts';
import type { BatchContext, StackEntry, Stacking } from '../ports.ts';
import { replicateOne } from './one-version.ts';
import { nullVersion, type Place, placeOf, unconcerned } from './placing.ts';
import { countArrival, openVersion, type Sends, sentOutcome, type ToSend } from './sending.ts';

/** Fewer are sent faster one by one. */
const smallestStack = 4;

interface Waiting {
  readonly version: ToSend;
  readonly settled: PromiseWithResolvers<Outcome<Sends>>;
}

interface Loaded extends Waiting {
  readonly place: Place;
  readonly entry: StackEntry;
}

/** One promise for each version, in their order; each settles by itself. */
export function stackUp(
  versions: readonly ToSend[],
  context: BatchContext,
): readonly Promise<Outcome<Sends>>[] {
  const all = versions.map((version) => ({ version, settled: Promise.withResolvers<Outcome<Sends>>() }));
  const { stacking } = context.target;
  const fits = ({ version }: Waiting): boolean => stacking !== undefined && isStackable(version, stacking);
  const { true: fit = [], false: others = [] } = Object.groupBy(all, (one) => `${fits(one)}`);
  if (!stacking || fit.length < smallestStack) for (const one of all) alone(context, one);
  else {
    for (const one of others) alone(context, one);
    for (const stack of inStacks(fit, stacking)) {
      sendTogether(context, stacking, stack).catch((error: unknown) => {
        for (const { settled } of stack) settled.reject(error);
      });
    }
  }
  return all.map(({ settled }) => settled.promise);
}

function alone(context: BatchContext, { version, settled }: Waiting): void {
  replicateOne(context, version).then(settled.resolve, settled.reject);
}

/** Of an unknown size it may be as large as an entry can be. */
const sizeOf = ({ size }: ToSend, { largestEntry }: Stacking): number => size ?? largestEntry;

function isStackable(version: ToSend, stacking: Stacking): boolean {
  const { versionId = nullVersion, round = 0 } = version;
  return sizeOf(version, stacking) <= stacking.largestEntry && versionId !== nullVersion && round === 0;
}

/** In their order, each as large as a stack may be. */
function inStacks(fit: readonly Waiting[], stacking: Stacking): Waiting[][] {
  const stacks: Waiting[][] = [];
  let room = 0;
  for (const one of fit) {
    const size = sizeOf(one.version, stacking);
    if (size > room || stacks.length === 0) {
      stacks.push([]);
      room = stacking.largestStack;
    }
    stacks.at(-1)?.push(one);
    room -= size;
  }
  return stacks;
}

async function sendTogether(
  context: BatchContext,
  stacking: Stacking,
  waiting: readonly Waiting[],
): Promise<void> {
  const bytes = waiting.reduce((sum, { version }) => sum + sizeOf(version, stacking), 0);
  const release = await stacking.room(bytes);
  try {
    const loaded = await Promise.all(
      waiting.map((one) => stacking.inTurn(() => load(context, stacking, one))),
    );
    const stack = loaded.filter((one) => one !== undefined);
    await sendStack(context, stacking, stack);
  } finally {
    release();
  }
}

/** Undefined for what does not go in the stack: it settles by itself. */
async function load(context: BatchContext, stacking: Stacking, one: Waiting): Promise<Loaded | undefined> {
  const { version, settled } = one;
  try {
    const reason = unconcerned(context.link, version);
    if (reason) return void settled.resolve(done(reason));
    const place = placeOf(context.link, version);
    if (await mayBeThere(context, place, version)) return void alone(context, one);
    const opened = await openVersion(context, place, version.modified);
    if ('kind' in opened) return void settled.resolve(opened);
    try {
      const entry = await stacking.load(place.target, opened);
      return entry ? { ...one, place, entry } : void alone(context, one);
    } finally {
      opened.discard();
    }
  } catch (error) {
    settled.reject(error);
    return undefined;
  }
}

/**
 * A listing hides what lies beneath another key, so that what the walk found missing may be there all the same; and a
 * stack would set back the tags that a client changed there.
 */
async function mayBeThere({ link, target }: BatchContext, place: Place, version: ToSend): Promise<boolean> {
  if (version.isFresh || !link.twoWay || !version.key.includes('/')) return false;
  return (await target.look(place.target)).state !== 'absent';
}

async function sendStack(context: BatchContext, stacking: Stacking, stack: readonly Loaded[]): Promise<void> {
  if (stack.length === 0) return;
  const refused = new Set(
    await stacking.write(
      context.link.target.bucket,
      stack.map(({ entry }) => entry),
    ),
  );
  for (const one of stack) {
    if (refused.has(one.entry)) alone(context, one);
    else one.settled.resolve(confirmed(context, one.place, one.entry));
  }
}

function confirmed(context: BatchContext, place: Place, { facts }: StackEntry): Outcome<Sends> {
  if (context.link.onward) return sentOutcome(context, place, facts, { answer: 'written', round: 0 });
  countArrival(context, facts, 'written');
  return done('sent in a stack');
}
