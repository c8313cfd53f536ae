/**
 * Looks at the target from outside, the same way for every product: lists its versions again and again, and notes
 * when each one first appeared. Names arrive in about the order of their listing, so that a look starts behind the
 * last one before which nothing is missing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { toMilliseconds } from '../../events/times.ts';
import type { ListPage } from '../../functions/ports.ts';
import type { MinioServer } from '../sites/minio-server.ts';
import { listVersions } from '../stores/minio-listing.ts';
import { type Offered, rootWire } from './objects.ts';
import { quantile } from './statistics.ts';

const deadlineMs = 30_000;
const pageSize = 1000;
const smallPage = 200;
const longestPauseMs = 250;

export interface Sighting {
  readonly key: string;
  /** When the source says that it was made, and when it was seen: milliseconds since 1970. */
  readonly modified: number;
  readonly seen: number;
}

export interface Observation {
  readonly sightings: readonly Sighting[];
  readonly missing: number;
  readonly resolutionMs: number;
  /** That it made itself. */
  readonly requests: number;
}

export interface Watch {
  readonly site: MinioServer;
  readonly bucket: string;
  /** In the order of their listing. */
  readonly names: readonly string[];
  readonly pauseMs: number;
  /** Whether a look sees what has arrived out of order, too; that costs the target more. */
  readonly beyondGaps: boolean;
  /** Asked at each look: from then on it is in vain to wait. Milliseconds since 1970. */
  readonly giveUpAt: () => number;
  readonly signal: AbortSignal;
}

/** Resolves when all names were seen, or when it is time to give up. */
export async function watch({
  site,
  bucket,
  names,
  pauseMs,
  beyondGaps,
  giveUpAt,
  signal,
}: Watch): Promise<Observation> {
  const client = rootWire(site);
  const wanted = new Set(names);
  const sightings = new Map<string, Sighting>();
  const gaps: number[] = [];
  /** All names before this one were seen. */
  let floor = 0;
  let requests = 0;

  async function look(isWhole: boolean): Promise<number> {
    const before = names[floor - 1];
    let after: ListPage['next'] = before === undefined ? undefined : { key: before, versionId: '' };
    let seen: number;
    do {
      const limit = isWhole ? pageSize : smallPage;
      const from = { prefix: '', limit, metadata: false, ...(after ? { after } : {}) };
      requests += 1;
      const page: ListPage = await listVersions(client, bucket, from, deadlineMs);
      seen = Date.now();
      for (const { key, modified } of page.versions) {
        if (wanted.has(key) && !sightings.has(key)) {
          sightings.set(key, { key, modified: toMilliseconds(modified), seen });
        }
      }
      for (let next = names[floor]; next !== undefined && sightings.has(next); next = names[floor])
        floor += 1;
      const hasGap = names[floor - 1] !== page.versions.at(-1)?.key;
      after = isWhole || !hasGap ? page.next : undefined;
    } while (after);
    return seen;
  }

  try {
    let last = Date.now();
    while (sightings.size < names.length && Date.now() < giveUpAt()) {
      const started = Date.now();
      const seen = await look(beyondGaps);
      gaps.push(seen - last);
      last = seen;
      // Mostly not busy for more than half of the time: what is measured shares the machine.
      const pause = Math.max(pauseMs, Math.min(longestPauseMs, Date.now() - started));
      await sleep(pause, undefined, { signal });
    }
    if (sightings.size < names.length) await look(true);
  } finally {
    await client.close();
  }
  return {
    sightings: [...sightings.values()],
    missing: names.length - sightings.size,
    resolutionMs: gaps.length > 0 ? quantile(gaps, 0.99) : 0,
    requests,
  };
}

/** Looks while objects are offered, and for `limitMs` after the last was taken; tells when it gave up, if it did. */
export async function watchOffering(
  offering: Promise<Offered>,
  limitMs: number,
  watched: Omit<Watch, 'giveUpAt' | 'beyondGaps'>,
): Promise<Observation & { readonly offered: Offered; readonly gaveUpAt: number }> {
  let gaveUpAt = Number.POSITIVE_INFINITY;
  const ended = offering.finally(() => {
    gaveUpAt = Date.now() + limitMs;
  });
  const watching = watch({ ...watched, beyondGaps: true, giveUpAt: () => gaveUpAt });
  const [offered, observation] = await Promise.all([ended, watching]);
  return { ...observation, offered, gaveUpAt };
}
