/**
 * What an ApiServerSource does not send: what was there before it, what happened while it was away, and what it gave up
 * after a few tries. A listing shows it, now and then.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import { EventError } from '../../events/cloudevent.ts';
import { RetryableError } from '../../functions/errors.ts';
import { problemOf } from './problem-words.ts';
import { codeOf, createResource } from './resource.ts';
import { resourceNameOf, type SnapshotKind, snapshotKinds } from './snapshot-kinds.ts';
import { type ListingOptions, tellListing } from './snapshot-listing.ts';

export interface CatchUpOptions extends Omit<ListingOptions, 'kind' | 'resource'> {
  readonly config: KubeConfig;
  /** An object that no event can be made of. */
  refused(problem: string): void;
}

/** Resolves when it is told; of a kind that the cluster does not know there is nothing to tell. */
export async function catchUp(options: CatchUpOptions): Promise<void> {
  for (const followed of snapshotKinds) await catchUpWith(followed, options);
}

async function catchUpWith(followed: SnapshotKind, options: CatchUpOptions): Promise<void> {
  const { kind, group, plural, versions } = followed;

  async function seen(object: unknown): Promise<void> {
    try {
      await options.seen(object);
    } catch (error) {
      if (!(error instanceof EventError)) throw error;
      options.refused(error.message);
    }
  }

  for (const version of versions) {
    const resource = createResource(options.config, { group, version, plural });
    try {
      await tellListing({ ...options, kind, resource, seen });
      return;
    } catch (error) {
      if (codeOf(error) === 404) continue;
      throw new RetryableError(problemOf(error, resourceNameOf(followed), { verbs: 'get and list' }), {
        cause: error,
      });
    }
  }
}
