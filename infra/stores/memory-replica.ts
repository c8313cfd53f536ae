/**
 * What a MinIO site answers to the requests that write replicas, and to reading (facts tried on live servers,
 * pinned by test/contract). Writes with the replication header emit no notification and pass object locks.
 *
 * - A delete-marker request for a version that exists removes it: a repeated one its own marker, an object too.
 * - A PUT of an existing version ID with the same ETag changes nothing; with another ETag it overwrites silently.
 */
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
import { fromNanoseconds, toNanoseconds } from '../../events/times.ts';
import { RetryableError, TerminalError } from '../../functions/errors.ts';
import type { ListedVersion, Look } from '../../functions/ports.ts';
import { refused } from './errors.ts';
import type { MemoryBucket, MemorySite } from './memory-site.ts';
import type { StoredEntry, StoredVersion } from './memory-versions.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function putReplica(
  site: MemorySite,
  ref: VersionRef,
  facts: VersionFacts,
  content: Uint8Array,
): 'written' | 'already' {
  const bucket = site.bucket(ref.bucket);
  const { key, versionId } = ref;
  const refuse = (code: string, message: string): Error =>
    refused({ site: site.name, doing: `PUT ${ref.bucket}/${key}`, status: 400, code, message });
  if (versionId !== 'null') {
    if (!uuid.test(versionId)) throw refuse('InvalidArgument', 'Invalid version id specified');
    if (bucket.versioning !== 'enabled') throw refuse('InvalidRequest', 'versioning not enabled');
  }
  if ((facts.retention || facts.legalHold) && !bucket.objectLock) {
    throw refuse('InvalidRequest', 'Bucket is missing ObjectLockConfiguration');
  }
  const there = bucket.versions.find(key, versionId);
  if (there && !there.marker && there.etag === facts.etag) return 'already';
  bucket.versions.put(key, {
    ...facts,
    versionId,
    marker: false,
    modified: toNanoseconds(facts.modified),
    replica: true,
    content,
  });
  return 'written';
}

/** `DELETE ?versionId` with the delete-marker header. */
export function requestMarker(site: MemorySite, ref: VersionRef, modified: string): void {
  const { versions, versioning } = site.bucket(ref.bucket);
  const { key, versionId } = ref;
  if (!uuid.test(versionId) || versioning !== 'enabled') {
    throw new TerminalError(`site ${site.name}: no delete marker ${versionId} can be made`);
  }
  if (versions.remove(key, versionId)) return;
  versions.put(key, markerOf(versionId, toNanoseconds(modified), true));
}

export const markerOf = (versionId: string, modified: bigint, replica: boolean): StoredVersion => ({
  versionId,
  marker: true,
  modified,
  replica,
  size: 0,
  etag: '',
  headers: {},
  metadata: {},
  tags: {},
  content: new Uint8Array(),
});

export function purgeReplica(site: MemorySite, { bucket, key, versionId }: VersionRef): void {
  site.bucket(bucket).versions.remove(key, versionId);
}

type Changeable = Pick<VersionFacts, 'tags' | 'retention' | 'legalHold'>;

export function changeReplica(site: MemorySite, ref: VersionRef, wanted: Changeable): void {
  const { versions } = site.bucket(ref.bucket);
  const there = versions.find(ref.key, ref.versionId);
  if (!there || there.marker) throw new RetryableError(`site ${site.name} does not hold this version`);
  const { retention: _, legalHold: __, ...kept } = there;
  const { tags, retention, legalHold } = wanted;
  versions.put(ref.key, { ...kept, tags, ...(retention && { retention }), ...(legalHold && { legalHold }) });
}

/** HEAD tells whole seconds; a marker's time comes from a listing, or is the answer's own where none shows it. */
export function lookAt(site: MemorySite, ref: VersionRef): Look {
  const bucket = site.find(ref.bucket);
  if (!bucket) return { state: 'absent', missing: 'bucket' };
  const found = bucket.versions.find(ref.key, ref.versionId);
  if (!found) return { state: 'absent', missing: 'version' };
  const { replica } = found;
  if (!found.marker) return { state: 'object', facts: factsOf(found), replica };
  return { state: 'marker', modified: listedTime(bucket, ref) ?? `${seconds(site.now())}.000Z`, replica };
}

function listedTime({ versions }: MemoryBucket, ref: VersionRef): string | undefined {
  const { entries } = versions.page({ prefix: ref.key, limit: Number.POSITIVE_INFINITY });
  const isIt = ({ key, version }: StoredEntry): boolean =>
    key === ref.key && version.versionId === ref.versionId;
  const listed = entries.find(isIt);
  return listed && milliseconds(listed.version.modified);
}

export function factsOf({
  size,
  etag,
  headers,
  metadata,
  tags,
  retention,
  legalHold,
  modified,
}: StoredVersion) {
  return {
    size,
    etag,
    headers,
    metadata,
    tags,
    ...(retention && { retention }),
    ...(legalHold && { legalHold }),
    modified: `${seconds(modified)}Z`,
  };
}

const seconds = (nanoseconds: bigint): string => fromNanoseconds(nanoseconds).slice(0, 19);
const milliseconds = (nanoseconds: bigint): string => `${fromNanoseconds(nanoseconds).slice(0, 23)}Z`;

export function listedOf({ key, version, latest }: StoredEntry): ListedVersion {
  const { versionId, marker, modified, size, etag, replica } = version;
  const listed = { key, versionId, marker, latest, modified: milliseconds(modified), size, etag };
  if (marker) return listed;
  const { size: _, etag: __, modified: ___, ...facts } = factsOf(version);
  return { ...listed, replica, facts };
}
