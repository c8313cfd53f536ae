/**
 * A site in memory behind the store port, beside the real dialects: for tests and the simulation. It asks for the same
 * requests as the MinIO dialect, in the same order, and passes the same contract suite. What happens to a request on
 * its way is the caller's to decide: see `deliver`.
 */
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
import { RetryableError } from '../../functions/errors.ts';
import type { Content, ObjectStore } from '../../functions/ports.ts';
import { putMarker } from './memory-marker.ts';
import {
  answeredAt,
  type Changeable,
  changeReplica,
  copyReplica,
  factsOf,
  headAt,
  listedOf,
  listedTime,
  purgeReplica,
  putReplica,
  putStacked,
} from './memory-replica.ts';
import type { MemorySite } from './memory-site.ts';
import { entryOf, largestEntry, putHalved, stackTurns } from './stack-entry.ts';
import { leastCopyBytes, usualStackBytes } from './store-options.ts';
import { isContentMd5 } from './verified-reader.ts';

export interface MemoryRequest {
  readonly name:
    | 'probe'
    | 'bucket'
    | 'head'
    | 'get'
    | 'put'
    | 'stack'
    | 'copy'
    | 'marker'
    | 'purge'
    | 'change'
    | 'list';
  readonly ref?: VersionRef | undefined;
}

/**
 * Brings a request to the site: `effect` is what it does there. It may be called late, twice, or not at all, and its
 * answer may be lost.
 */
export type Deliver = <Answer>(request: MemoryRequest, effect: () => Answer) => Promise<Answer>;

export interface MemoryStoreOptions {
  /** By default a request takes effect at once. */
  readonly deliver?: Deliver;
  /** Listings have no more entries than this, however many are asked for. */
  readonly pageLimit?: number;
  readonly copyBytes?: number;
}

export function memoryStore(site: MemorySite, options: MemoryStoreOptions = {}): ObjectStore {
  const {
    deliver = async (_request, effect) => effect(),
    pageLimit = 1000,
    copyBytes = leastCopyBytes,
  } = options;
  const head = (ref: VersionRef) => deliver({ name: 'head', ref }, () => headAt(site, ref));

  return {
    site: site.name,
    probe: () => deliver({ name: 'probe' }, () => undefined),
    bucket: (name) =>
      deliver({ name: 'bucket' }, () => {
        const found = site.find(name);
        if (!found) return undefined;
        const { versioning, objectLock, created } = found;
        return { versioning, objectLock, created };
      }),
    async look(ref) {
      const seen = await head(ref);
      if (seen.state !== 'marker') return seen;
      const listed = await deliver({ name: 'list', ref }, () => listedTime(site, ref));
      return { ...seen, modified: listed ?? answeredAt(site) };
    },
    read: (ref) => deliver({ name: 'get', ref }, () => contentAt(site, ref)),
    async write(ref, content) {
      try {
        const { facts, body } = await entryOf(ref, content);
        return await deliver({ name: 'put', ref }, () => putReplica(site, ref, facts, body));
      } finally {
        content.discard();
      }
    },
    // It takes all in one piece.
    abandon: async () => undefined,
    stacking: {
      largestEntry,
      largestStack: usualStackBytes,
      room: async () => () => undefined,
      inTurn: stackTurns(),
      async load(ref, content) {
        const { size, retention, legalHold } = content.facts;
        return retention || legalHold || size > largestEntry ? undefined : entryOf(ref, content);
      },
      write: (_bucket, entries) =>
        putHalved(entries, (some) =>
          deliver({ name: 'stack' }, () => {
            for (const entry of some) putStacked(site, entry);
          }),
        ),
    },
    copying: {
      pieceBytes: () => undefined,
      takes: (_ref, content) =>
        content.facts.size >= copyBytes && (content.facts.etag.includes('-') || isContentMd5(content)),
      copy: (ref, facts, from, digest) =>
        deliver({ name: 'copy', ref }, () => copyReplica(site, ref, facts, { from, digest })),
    },
    putMarker: (ref, modified) => putMarker(site, deliver, ref, modified),
    purge: (ref) => deliver({ name: 'purge', ref }, () => purgeReplica(site, ref)),
    async setMetadata(ref, wanted) {
      const seen = await head(ref);
      if (seen.state !== 'object') throw new RetryableError(`site ${site.name} does not hold this version`);
      for (const change of changes(seen.facts, wanted, Number(site.now() / 1_000_000n))) {
        await deliver({ name: 'change', ref }, () => changeReplica(site, ref, change));
      }
    },
    list: (name, { limit, ...from }) =>
      deliver({ name: 'list' }, () => {
        const page = site.bucket(name).versions.page({ ...from, limit: Math.min(limit, pageLimit) });
        return { versions: page.entries.map(listedOf), next: page.next };
      }),
  };
}

function contentAt(site: MemorySite, { bucket, key, versionId }: VersionRef): Content | undefined {
  const found = site.bucket(bucket).versions.find(key, versionId);
  if (!found || found.marker) return undefined;
  return { facts: factsOf(found), chunks: chunksOf(found.content), discard: () => undefined };
}

async function* chunksOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  if (content.byteLength > 0) yield content;
}

/** A request for each subresource that differs. */
function changes(current: VersionFacts, wanted: Changeable, nowMs: number): Partial<Changeable>[] {
  const { tags, retention, legalHold = 'OFF' } = wanted;
  const isEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
  const found: Partial<Changeable>[] = [];
  if (!isEqual(Object.entries(current.tags).sort(), Object.entries(tags).sort())) found.push({ tags });
  // What has ended protects nothing, and cannot be set.
  const inForce = (one: Changeable['retention']) => (one && Date.parse(one.until) > nowMs ? one : undefined);
  const kept = inForce(retention);
  if (!isEqual(inForce(current.retention), kept)) found.push({ retention: kept });
  if ((current.legalHold ?? 'OFF') !== legalHold) found.push({ legalHold });
  return found;
}
