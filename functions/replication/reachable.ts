/** Asking a site that is no end of the link: when it is away, the link goes on. */
import type { VersionRef } from '../../events/object-events.ts';
import { RetryableError } from '../errors.ts';
import type { Look, ObjectStore } from '../ports.ts';

/** Undefined where nobody can say. */
export async function lookIfReachable(
  store: ObjectStore | undefined,
  ref: VersionRef,
): Promise<Look | undefined> {
  try {
    return await store?.look(ref);
  } catch (error) {
    if (error instanceof RetryableError) return undefined;
    throw error;
  }
}
