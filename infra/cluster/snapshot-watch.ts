/**
 * Follows the snapshots of a Kubernetes cluster and tells what happens to them: a listing, then a watch from there on.
 * A listing is taken again when the watch cannot go on where it was (410 Gone) and after every failure: what was missed
 * meanwhile shows in it, a deletion as well. Several may watch one cluster.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import { EventError } from '../../events/cloudevent.ts';
import type { Snapshot } from '../../events/snapshot-events.ts';
import { readSnapshot } from '../../events/sources/volume-snapshots.ts';
import type { Clock } from '../../functions/ports.ts';
import { pause } from '../host/pause.ts';
import { problemOf } from './problem-words.ts';
import { type Change, codeOf, createResource, type Resource } from './resource.ts';
import { installSnapshots, resourceNameOf, type SnapshotKind, snapshotKinds } from './snapshot-kinds.ts';
import { tellListing } from './snapshot-listing.ts';
import { createSnapshotNews, type SnapshotMemory, type SnapshotNewsOptions } from './snapshot-news.ts';
import { keepWatching } from './watching.ts';

export interface SnapshotWatchOptions {
  /** The site that the cluster stands beside. */
  readonly cluster: string;
  readonly config: KubeConfig;
  readonly memory: SnapshotMemory;
  readonly publish: SnapshotNewsOptions['publish'];
  readonly clock: Clock;
  readonly observer: SnapshotObserver;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

export interface SnapshotObserver {
  /** The watch is up to date from now on. */
  watching(resource: string): void;
  /** It tries again by itself; the words say what to do where somebody has to. */
  troubled(resource: string, problem: string): void;
  /** An object that no event can be made of. */
  refused(resource: string, problem: string): void;
}

const shortestPauseMs = 250;
const longestPauseMs = 10_000;

/** Resolves when the signal aborts and what was seen until then is told. */
export async function watchSnapshots(options: SnapshotWatchOptions): Promise<void> {
  await Promise.all(snapshotKinds.map((kind) => follow(kind, options)));
}

async function follow(followed: SnapshotKind, options: SnapshotWatchOptions) {
  const { config, clock, observer, signal } = options;
  const { kind, group, plural, versions } = followed;
  const name = resourceNameOf(followed);
  const resources = versions.map((version) => createResource(config, { group, version, plural }));
  const isUpToDate = (): void => {
    pauseMs = shortestPauseMs;
    trouble = undefined;
    observer.watching(name);
  };
  let [unknown, pauseMs] = [0, shortestPauseMs];
  let trouble: string | undefined;
  while (!signal.aborted) {
    const resource = resources[unknown % resources.length];
    if (!resource) return;
    try {
      await followOne(resource, { kind, name, isUpToDate }, options);
    } catch (error) {
      if (signal.aborted) return;
      const isUnknown = codeOf(error) === 404;
      if (isUnknown) unknown += 1;
      if (isUnknown && unknown % resources.length !== 0) continue;
      const problem = problemOf(error, name, { install: installSnapshots });
      if (problem !== trouble) observer.troubled(name, problem);
      trouble = problem;
      await pause(clock, pauseMs * (0.5 + Math.random() / 2), signal);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  }
}

interface Following {
  readonly kind: Snapshot['kind'];
  readonly name: string;
  isUpToDate(): void;
}

/** Resolves when a new listing is needed. */
async function followOne(resource: Resource, following: Following, options: SnapshotWatchOptions) {
  const { cluster, memory, publish, clock, observer, signal } = options;
  const news = createSnapshotNews({ cluster, memory, publish, now: () => clock.now() });

  async function tell(change: Change, object: unknown): Promise<void> {
    try {
      if (change === 'DELETED') await news.gone(readSnapshot(cluster, object).snapshot);
      else await news.seen(object);
    } catch (error) {
      if (!(error instanceof EventError)) throw error;
      observer.refused(following.name, error.message);
    }
  }

  const { resourceVersion } = await tellListing({
    ...{ cluster, kind: following.kind, resource, memory, signal },
    gone: (snapshot) => news.gone(snapshot),
    seen: (object) => tell('MODIFIED', object),
  });
  following.isUpToDate();

  await keepWatching(resourceVersion, (place) => watchFrom(resource, place, tell, signal), { clock, signal });
}

/** As `resource.watch`; resolves when all that it brought is told, rejects when that cannot be. */
async function watchFrom(
  resource: Resource,
  place: string,
  tell: (change: Change, object: unknown) => Promise<void>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const failed = new AbortController();
  let told = Promise.resolve();
  const take = (change: Change, object: unknown): void => {
    told = told
      .then(() => (failed.signal.aborted ? undefined : tell(change, object)))
      .catch((error: unknown) => failed.abort(error));
  };
  const either = AbortSignal.any([signal, failed.signal]);
  const next = await resource.watch(place, take, either).finally(() => told);
  failed.signal.throwIfAborted();
  return next;
}
