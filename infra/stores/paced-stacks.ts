/**
 * Stacks as large as a site takes them well within a request's deadline: where a full one would not be there in time,
 * it would be sent again and again. What goes in one is halved when it took too long, and grows where there is time.
 */
import type { Stacking } from '../../functions/ports.ts';
import type { Store } from './store-options.ts';

export interface PaceOptions {
  /** Of the request that brings a stack. */
  readonly deadlineMs: number;
  readonly now: () => number;
}

/** Bytes of content: an entry may be larger, and goes alone. */
const leastStack = 64 * 1024;
/** Parts of the deadline: other requests share the link. */
const tooLong = 1 / 2;
const timeToSpare = 1 / 8;

export function withPacedStacks(store: Store, { deadlineMs, now }: PaceOptions): Store {
  const { stacking } = store;
  if (!stacking) return store;
  const most = stacking.largestStack;
  let largest = most;

  function took(bytes: number, ms: number): void {
    if (ms > deadlineMs * tooLong) largest = Math.max(leastStack, Math.min(largest, bytes) / 2);
    // One that was small says nothing of a larger one.
    else if (ms < deadlineMs * timeToSpare && bytes > largest / 2) largest = Math.min(most, largest * 2);
  }

  const paced: Stacking = {
    ...stacking,
    get largestStack() {
      return largest;
    },
    async write(bucket, entries) {
      const began = now();
      try {
        return await stacking.write(bucket, entries);
      } finally {
        const bytes = entries.reduce((sum, { body }) => sum + body.length, 0);
        took(bytes, now() - began);
      }
    },
  };
  return { ...store, stacking: paced };
}
