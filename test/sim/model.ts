/**
 * What every site must hold in the end, kept apart from all that replicates: only what clients did, and what they were
 * told, by version ID.
 */
import type { Made, PutOptions } from '../../infra/stores/memory-client.ts';

export interface Expected {
  readonly key: string;
  readonly versionId: string;
  readonly marker: boolean;
  readonly origin: string;
  readonly etag: string;
  readonly content: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly modified: bigint;
  readonly metadata: Readonly<Record<string, string>>;
  /** Any of them, but the same at all sites. */
  readonly tags: readonly string[];
  /** All sites hold it, or none. */
  readonly mayBeGone: boolean;
}

interface Known {
  readonly base: Omit<Expected, 'tags' | 'mayBeGone'>;
  readonly firstTags: string;
  readonly tagChanges: { readonly site: string; readonly tags: string; readonly lost: boolean }[];
  readonly purges: { readonly site: string; readonly lost: boolean; readonly at: number }[];
}

export interface Model {
  put(site: string, key: string, made: Made, content: Uint8Array, options: PutOptions): void;
  marker(site: string, key: string, made: Made): void;
  /** `lost`: its notification never reached the stream. */
  purged(site: string, versionId: string, about: { lost: boolean; at: number }): void;
  /** `lost`: nobody heard of it in time. */
  tagged(site: string, versionId: string, tags: Readonly<Record<string, string>>, lost: boolean): void;
  /** The stream was lost: what was on it may not have been handled. */
  streamLost(at: number): void;
  /** The site whose client was told of it first. */
  originOf(versionId: string): string | undefined;
  readonly keys: ReadonlySet<string>;
  /** Of one key, newest first. */
  expected(key: string): Expected[];
}

export const canonical = (tags: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1)));

export interface ModelOptions {
  /** While a third site is away, the other two copy what one of them lacks, whoever may have purged it. */
  readonly restoresAtOrigin: boolean;
}

export function createModel({ restoresAtOrigin }: ModelOptions): Model {
  const versions = new Map<string, Known>();
  const keys = new Set<string>();
  let lastLoss = Number.NEGATIVE_INFINITY;

  function add(base: Known['base'], firstTags: string): void {
    keys.add(base.key);
    versions.set(base.versionId, { base, firstTags, tagChanges: [], purges: [] });
  }

  const known = (versionId: string): Known => {
    const found = versions.get(versionId);
    if (!found) throw new RangeError(`no client was told of version ${versionId}`);
    return found;
  };

  /**
   * A purge at the origin, and one whose event was handled, counts. One made at a replica's site, of which nobody
   * heard, may be undone: the origin's version is copied again. So may any marker's: where it is the first version of
   * its key, MinIO does not say that it is a replica.
   */
  function fate({ base, purges }: Known): 'held' | 'gone' | 'either' {
    if (purges.length === 0) return 'held';
    const counts = purges.some(
      ({ site, lost, at }) =>
        (!lost && at > lastLoss) || (site === base.origin && !base.marker && !restoresAtOrigin),
    );
    return counts ? 'gone' : 'either';
  }

  /** One site's changes in their order. Those of two sites, and of a replica's site if nobody heard, may go either way. */
  function tagsOf(version: Known): string[] {
    const { base, firstTags, tagChanges } = version;
    const last = tagChanges.at(-1);
    if (!last) return [firstTags];
    const all = [firstTags, ...tagChanges.map(({ tags }) => tags)];
    // Copied again, it has what it has where it is copied from.
    if (fate(version) === 'either') return all;
    const sites = new Set(tagChanges.map(({ site }) => site));
    const isHeard = !tagChanges.some(({ lost }) => lost) && lastLoss === Number.NEGATIVE_INFINITY;
    if (sites.size === 1 && (isHeard || sites.has(base.origin))) return [last.tags];
    return all;
  }

  return {
    put(site, key, { versionId, etag, modified }, content, { metadata = {}, tags = {} }) {
      const base = { key, versionId, marker: false, origin: site, etag, content, modified, metadata };
      add(base, canonical(tags));
    },
    marker(site, key, { versionId, modified }) {
      const content = new Uint8Array();
      const base = { key, versionId, marker: true, origin: site, etag: '', content, modified, metadata: {} };
      add(base, canonical({}));
    },
    purged: (site, versionId, about) => void known(versionId).purges.push({ site, ...about }),
    tagged: (site, versionId, tags, lost) =>
      void known(versionId).tagChanges.push({ site, tags: canonical(tags), lost }),
    streamLost(at) {
      lastLoss = at;
    },
    originOf: (versionId) => versions.get(versionId)?.base.origin,
    keys,
    expected: (key) =>
      [...versions.values()]
        .filter((version) => version.base.key === key && fate(version) !== 'gone')
        .map((version) => ({
          ...version.base,
          tags: tagsOf(version),
          mayBeGone: fate(version) === 'either',
        }))
        .sort((one, other) => (one.modified > other.modified ? -1 : 1)),
  };
}
