/** Versions on their way into and out of stacks. */

import type { VersionRef } from '../../events/object-events.ts';
import { RefusedError, TerminalError } from '../../functions/errors.ts';
import type { Content, StackEntry, Stacking } from '../../functions/ports.ts';
import { createLimit } from '../host/limit.ts';
import type { ByteBudget } from './byte-budget.ts';
import { verifiedReader } from './verified-reader.ts';

/** Larger ones gain nothing by company. */
export const largestEntry = 1024 * 1024;

/** The contents, the archive of them, and what compression makes of that. */
const timesContent = 3;

export const stackRoom = (budget: ByteBudget, bytes: number): Promise<() => void> =>
  budget.take(timesContent * bytes);

/** Enough for a source that is far away; a near one is busy with a few. */
const readsAtOnce = 64;

export const stackTurns = (): Stacking['inTurn'] => createLimit(readsAtOnce);

/** Takes its content, once it has proved to be the source's. */
export async function entryOf(ref: VersionRef, content: Content): Promise<StackEntry> {
  const reader = verifiedReader(content);
  const body = await reader.take(content.facts.size);
  await reader.verify();
  return { ref, facts: content.facts, body };
}

/** A stack that is refused is halved until each entry that is to blame stands alone; resolves to those. */
export async function putHalved(
  entries: readonly StackEntry[],
  put: (entries: readonly StackEntry[]) => Promise<void>,
): Promise<readonly StackEntry[]> {
  try {
    await put(entries);
    return [];
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof TerminalError)) throw error;
    if (entries.length <= 1) return entries;
    return inHalves(entries, (half) => putHalved(half, put));
  }
}

/** Resolves to what both resolve to; the second waits for the first. */
export async function inHalves(
  entries: readonly StackEntry[],
  write: (half: readonly StackEntry[]) => Promise<readonly StackEntry[]>,
): Promise<readonly StackEntry[]> {
  const middle = Math.ceil(entries.length / 2);
  const first = await write(entries.slice(0, middle));
  return [...first, ...(await write(entries.slice(middle)))];
}
