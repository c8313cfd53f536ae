/**
 * A store whose stacks go to receivers beside it: to one picked at random, to another where that fails. What comes back
 * is compared with what was sent; what differs or failed goes in one more stack, and then singly. Where no receiver
 * can be used, a stack goes as the store itself takes it. Nothing is remembered but, for some seconds, which receiver
 * is of no use.
 */

import { mostStacked, type StackWritten } from '../../events/stack-events.ts';
import { sameTime } from '../../events/times.ts';
import { TerminalError } from '../../functions/errors.ts';
import type { Clock, StackEntry, Stacking } from '../../functions/ports.ts';
import { contentOf } from '../../functions/replication/stack-content.ts';
import { processBudget } from './byte-budget.ts';
import { type Receiver, ReceiverError } from './receiver.ts';
import { mostArchiveBytes, packStack } from './stack-archive.ts';
import { entryOf, inHalves, largestEntry, stackRoom, stackTurns } from './stack-entry.ts';
import { type Store, usualStackBytes } from './store-options.ts';

export interface ReceiversOptions {
  readonly receivers: readonly Receiver[];
  /** Of one stack, from its first byte to the answer. */
  readonly deadlineMs: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: () => number;
  /** Told when one cannot be used for a place (site/bucket), and why; undefined when it can be again. */
  onReach(url: string, place: string, reason: string | undefined): void;
}

/** How long one that failed is let be. */
const restMs = 10_000;
/** What differs, or failed, goes once more. */
const rounds = 2;

export function withReceivers(store: Store, options: ReceiversOptions): Store {
  const { receivers } = options;
  const { stacking: own } = store;
  if (receivers.length === 0) return store;
  const choose = chooser(options);

  async function write(bucket: string, entries: readonly StackEntry[]): Promise<readonly StackEntry[]> {
    const place = `${store.site}/${bucket}`;
    let due = entries;
    const hopeless: StackEntry[] = [];
    for (let round = 0; round < rounds && due.length > 0; round++) {
      const choices = choose(place);
      if (choices.length === 0) return [...hopeless, ...(await writeUnaided(bucket, due))];
      if (due.length > mostStacked) return inHalves(due, (half) => write(bucket, half));
      const archive = await packStack(due);
      if (archive.bytes > mostArchiveBytes) return inHalves(due, (half) => write(bucket, half));
      const told = await sendTo(choices, (receiver) => receiver.send(place, archive, options.deadlineMs));
      if (!told) return [...hopeless, ...(await writeUnaided(bucket, due))];
      const { again, never } = compared(due, told);
      hopeless.push(...never);
      due = again;
    }
    return [...hopeless, ...due];
  }

  /** What the store's own stacks cannot carry goes singly. */
  async function writeUnaided(
    bucket: string,
    entries: readonly StackEntry[],
  ): Promise<readonly StackEntry[]> {
    if (!own) return entries;
    const carried: StackEntry[] = [];
    const others: StackEntry[] = [];
    for (const entry of entries) ((await isCarried(own, entry)) ? carried : others).push(entry);
    return carried.length > 0 ? [...others, ...(await own.write(bucket, carried))] : others;
  }

  const stacking: Stacking = {
    largestEntry,
    largestStack: own?.largestStack ?? usualStackBytes,
    room: own?.room ?? ((bytes) => stackRoom(processBudget, bytes)),
    inTurn: own?.inTurn ?? stackTurns(),
    async load(ref, content) {
      if (content.facts.size > largestEntry || content.encryption !== undefined) return undefined;
      return entryOf(ref, content);
    },
    write,
  };

  return {
    ...store,
    stacking,
    async close() {
      await Promise.all([store.close(), ...receivers.map((receiver) => receiver.close())]);
    },
  };
}

async function isCarried(stacking: Stacking, entry: StackEntry): Promise<boolean> {
  try {
    return (await stacking.load(entry.ref, contentOf(entry))) !== undefined;
  } catch (error) {
    if (error instanceof TerminalError) return false;
    throw error;
  }
}

/** Undefined where none of them can be used. */
async function sendTo<Told>(
  choices: readonly Choice[],
  send: (receiver: Receiver) => Promise<Told>,
): Promise<Told | undefined> {
  for (const { receiver, settle } of choices) {
    try {
      const told = await send(receiver);
      settle(undefined);
      return told;
    } catch (error) {
      if (!(error instanceof ReceiverError)) throw error;
      settle(error.message);
    }
  }
  return undefined;
}

interface Choice {
  readonly receiver: Receiver;
  /** With a reason, it is let be for a while. */
  settle(reason: string | undefined): void;
}

/** In random order, all but those that are let be at this place. */
function chooser({ receivers, clock, random, onReach }: ReceiversOptions): (place: string) => Choice[] {
  const restsUntil = new Map<string, number>();

  function settle(receiver: Receiver, place: string, reason: string | undefined): void {
    const name = `${place} ${receiver.url}`;
    const wasUsed = !restsUntil.has(name);
    if (reason === undefined) restsUntil.delete(name);
    else restsUntil.set(name, clock.now() + restMs);
    if (wasUsed !== (reason === undefined)) onReach(receiver.url, place, reason);
  }

  return (place) =>
    receivers
      .filter(({ url }) => (restsUntil.get(`${place} ${url}`) ?? 0) <= clock.now())
      .map((receiver) => ({ receiver, order: random() }))
      .sort((one, other) => one.order - other.order)
      .map(({ receiver }) => ({ receiver, settle: (reason) => settle(receiver, place, reason) }));
}

interface Compared {
  /** Of which another try may help. */
  readonly again: readonly StackEntry[];
  readonly never: readonly StackEntry[];
}

/** What the receiver's site shows, beside what was sent; silence about an entry is no answer. */
function compared(sent: readonly StackEntry[], { entries }: StackWritten): Compared {
  const answers = new Map(entries.map((one) => [`${one.versionId} ${one.key}`, one]));
  const again: StackEntry[] = [];
  const never: StackEntry[] = [];
  for (const entry of sent) {
    const { ref, facts } = entry;
    const answer = answers.get(`${ref.versionId} ${ref.key}`);
    if (answer?.state === 'failed' && !answer.again) never.push(entry);
    else if (answer?.state !== 'written' || !isSame(facts, answer)) again.push(entry);
  }
  return { again, never };
}

const isSame = (
  sent: StackEntry['facts'],
  shown: Pick<StackEntry['facts'], 'etag' | 'size' | 'modified'>,
): boolean => sent.etag === shown.etag && sent.size === shown.size && sameTime(sent.modified, shown.modified);
