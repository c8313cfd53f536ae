/**
 * A site in memory behind the store port, beside the real dialects: for tests and the simulation. It passes the same
 * contract suite. What happens to a request on its way is the caller's to decide: see MemoryStoreOptions.deliver.
 */
import type { VersionRef } from '../../events/object-events.ts';
import type { Content, ObjectStore } from '../../functions/ports.ts';
import {
  changeReplica,
  factsOf,
  listedOf,
  lookAt,
  purgeReplica,
  putReplica,
  requestMarker,
} from './memory-replica.ts';
import type { MemorySite } from './memory-site.ts';
import { verifiedReader } from './verified-reader.ts';

export interface MemoryRequest {
  readonly name:
    | 'probe'
    | 'bucket'
    | 'look'
    | 'read'
    | 'write'
    | 'putMarker'
    | 'purge'
    | 'setMetadata'
    | 'list';
  readonly ref?: VersionRef | undefined;
}

export interface MemoryStoreOptions {
  /**
   * Brings a request to the site: `effect` is what it does there. It may be called late, twice, or not at all, and its
   * answer may be lost; by default it is called at once.
   */
  readonly deliver?: <Answer>(request: MemoryRequest, effect: () => Answer) => Promise<Answer>;
  /** Listings have no more entries than this, however many are asked for. */
  readonly pageLimit?: number;
}

export function memoryStore(site: MemorySite, options: MemoryStoreOptions = {}): ObjectStore {
  const { deliver = async (_request, effect) => effect(), pageLimit = 1000 } = options;

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
    look: (ref) => deliver({ name: 'look', ref }, () => lookAt(site, ref)),
    read: (ref) => deliver({ name: 'read', ref }, () => contentAt(site, ref)),
    async write(ref, content) {
      const body = await taken(content);
      return deliver({ name: 'write', ref }, () => putReplica(site, ref, content.facts, body));
    },
    putMarker: (ref, modified) =>
      deliver({ name: 'putMarker', ref }, () => requestMarker(site, ref, modified)),
    purge: (ref) => deliver({ name: 'purge', ref }, () => purgeReplica(site, ref)),
    setMetadata: (ref, facts) => deliver({ name: 'setMetadata', ref }, () => changeReplica(site, ref, facts)),
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

/** All of it, once it has proved to be the source's. */
async function taken(content: Content): Promise<Uint8Array> {
  try {
    const reader = verifiedReader(content);
    const body = await reader.take(content.facts.size);
    await reader.verify();
    return body;
  } finally {
    content.discard();
  }
}
