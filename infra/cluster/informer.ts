/**
 * A cache of one kind of objects, kept up to date by a listing and a watch from there on. A listing is taken again when
 * the watch cannot go on where it was (410 Gone) and after every failure; what was missed meanwhile shows in it. Who is
 * told of a change looks at the cache for what is there now: changes that follow each other may be told as one.
 */
import type { Clock } from '../../functions/ports.ts';
import { pause } from '../host/pause.ts';
import { keyOf, type Named } from './cluster-object.ts';
import { problemOf } from './problem-words.ts';
import { type Change, codeOf, type Resource } from './resource.ts';
import { keepWatching } from './watching.ts';

export interface InformerOptions<Item extends Named> {
  /** As people know it, such as sites.causeway.dev. */
  readonly name: string;
  /** What to do where the cluster does not know such objects; by default, as for Causeway's own. */
  readonly install?: string;
  readonly resource: Resource;
  /** Keeps what is needed of an object; undefined for what is to be left alone. */
  read(object: unknown): Item | undefined;
  /** `item`: as it is, or as it was. */
  onChange(key: string, item: Item): void;
  readonly observer: InformerObserver;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface InformerObserver {
  /** The cache is up to date from now on. */
  watching(name: string): void;
  /** It tries again by itself; the words say what to do where somebody has to. `code`: what the API server answered. */
  troubled(name: string, problem: string, code?: number): void;
}

export interface Informer<Item extends Named> {
  /** Resolves when the first listing is in the cache; rejects when the signal aborts before. */
  readonly synced: Promise<void>;
  get(key: string): Item | undefined;
  all(): Item[];
  /** Takes what a write answered into the cache, before the watch brings it. */
  note(object: unknown): void;
}

const shortestPauseMs = 250;
const longestPauseMs = 10_000;

export function startInformer<Item extends Named>(options: InformerOptions<Item>): Informer<Item> {
  const { name, resource, read, onChange, observer, clock, signal } = options;
  const items = new Map<string, Item>();
  const synced = Promise.withResolvers<void>();
  // Nobody may be waiting.
  synced.promise.catch(() => undefined);

  function put(object: unknown, isListed = false): string | undefined {
    const item = read(object);
    if (!item) return undefined;
    const key = keyOf(item);
    const known = items.get(key);
    // What a listing says counts even where versions went back, as after the restore of a backup.
    if (!isListed && known && isNewer(known, item)) return key;
    items.set(key, item);
    if (known?.metadata.resourceVersion !== item.metadata.resourceVersion) onChange(key, item);
    return key;
  }

  function take(change: Change, object: unknown): void {
    if (change !== 'DELETED') {
      put(object);
      return;
    }
    const item = read(object);
    if (item && items.delete(keyOf(item))) onChange(keyOf(item), item);
  }

  /** Resolves when a new listing is needed. */
  async function follow(): Promise<void> {
    const listing = await resource.list(signal);
    const present = new Set(listing.items.map((item) => put(item, true)));
    for (const [key, item] of items) {
      if (present.has(key)) continue;
      items.delete(key);
      onChange(key, item);
    }
    synced.resolve();
    observer.watching(name);
    await keepWatching(listing.resourceVersion, (place) => resource.watch(place, take, signal), {
      clock,
      signal,
    });
  }

  async function followForEver(): Promise<void> {
    let pauseMs = shortestPauseMs;
    let trouble: string | undefined;
    while (!signal.aborted) {
      const begun = clock.now();
      try {
        await follow();
        pauseMs = shortestPauseMs;
        trouble = undefined;
      } catch (error) {
        if (signal.aborted) break;
        if (clock.now() - begun > longestPauseMs) [pauseMs, trouble] = [shortestPauseMs, undefined];
        const problem = problemOf(error, name, { install: options.install });
        if (problem !== trouble) observer.troubled(name, problem, codeOf(error));
        trouble = problem;
        await pause(clock, pauseMs * (0.5 + Math.random() / 2), signal);
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      }
    }
    synced.reject(signal.reason);
  }

  followForEver().catch(() => undefined);
  return {
    synced: synced.promise,
    get: (key) => items.get(key),
    all: () => [...items.values()],
    note(object) {
      const item = read(object);
      // The watch may have told its end before the write was answered.
      if (item && items.get(keyOf(item))?.metadata.uid === item.metadata.uid) put(object);
    },
  };
}

/** Of one object: resource versions grow with each write (KEP-5504). */
const isNewer = (known: Named, item: Named): boolean =>
  known.metadata.uid === item.metadata.uid && versionOf(known) > versionOf(item);

function versionOf({ metadata }: Named): bigint {
  return /^\d+$/.test(metadata.resourceVersion) ? BigInt(metadata.resourceVersion) : 0n;
}
