/**
 * Work that must not be done twice at once on one key at one target: markers, purges, metadata. Who does not get the
 * lock asks again shortly.
 */

import type { EventType } from '../../events/catalogue.ts';
import { type Outcome, retryAfter } from '../define.ts';
import { RefusedError, TerminalError } from '../errors.ts';
import type { BatchContext, HeldLock } from '../ports.ts';

export async function exclusively<Emits extends EventType>(
  context: BatchContext,
  place: { readonly site: string; readonly bucket: string; readonly key: string },
  work: (lock: HeldLock) => Promise<Outcome<Emits>>,
): Promise<Outcome<Emits>> {
  const lock = await context.locks.acquire(place.site, place.bucket, place.key);
  if (!lock) return retryAfter(500, 'another worker is changing this key');
  try {
    const outcome = await work(lock);
    await lock.release();
    return outcome;
  } catch (error) {
    // A request without an answer may still be delivered: until it cannot be any more, nobody gets the key.
    if (error instanceof RefusedError || error instanceof TerminalError) await lock.release();
    throw error;
  }
}
