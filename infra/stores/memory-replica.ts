/**
 * What a MinIO site answers to the requests that write replicas, and to reading (facts tried on live servers,
 * pinned by test/contract). Writes with the replication header emit no notification and pass object locks.
 *
 * - A delete-marker request for a version that exists removes it: a repeated one its own marker, an object too.
 *   The first version of a key, if it is a marker, does not become a replica.
 * - A PUT of an existing version ID with the same ETag changes nothing; with another ETag it overwrites silently.
 */
import { createHash } from 'node:crypto';
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
import { toNanoseconds } from '../../events/times.ts';
import type { ContentId, PlacedContent } from '../../functions/content.ts';
import { RetryableError } from '../../functions/errors.ts';
import type { ListedVersion, Look, StackEntry } from '../../functions/ports.ts';
import { refused } from './errors.ts';
import type { MemorySite } from './memory-site.ts';
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

/** An entry of a stack: it overwrites what is there, its tags with it. */
export function putStacked(site: MemorySite, { ref, facts, body }: StackEntry): void {
  const { versions } = site.bucket(ref.bucket);
  const modified = toNanoseconds(facts.modified);
  const { versionId } = ref;
  versions.put(ref.key, { ...facts, versionId, marker: false, modified, replica: true, content: body });
}

/** Overwrites what is there, but for an ETag of an upload in parts. Undefined where it cannot be copied. */
export function copyReplica(
  site: MemorySite,
  ref: VersionRef,
  facts: VersionFacts,
  { from, digest }: { readonly from: PlacedContent; readonly digest: ContentId },
): 'written' | 'already' | undefined {
  const found = site.find(from.bucket)?.versions.find(from.key, from.versionId);
  if (!found || found.marker || found.etag !== from.etag) return undefined;
  if (createHash('sha256').update(found.content).digest('hex') !== digest.sha256) return undefined;
  const answer = putReplica(site, ref, facts, found.content);
  if (answer === 'written' || facts.etag.includes('-')) return answer;
  putStacked(site, { ref, facts, body: found.content });
  return 'written';
}

/** `DELETE ?versionId` with the delete-marker header. The first version of a key does not become a replica. */
export function requestMarker(site: MemorySite, ref: VersionRef, modified: string): void {
  const { versions } = site.bucket(ref.bucket);
  const { key, versionId } = ref;
  if (versions.remove(key, versionId)) return;
  const replica = versions.of(key).length > 0;
  versions.put(key, markerOf(versionId, toNanoseconds(modified), replica));
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

export type Changeable = Pick<VersionFacts, 'tags' | 'retention' | 'legalHold'>;

/** Sets what `change` names; retention that is undefined there is removed. */
export function changeReplica(site: MemorySite, ref: VersionRef, change: Partial<Changeable>): void {
  const { versions } = site.bucket(ref.bucket);
  const there = versions.find(ref.key, ref.versionId);
  if (!there || there.marker) throw new RetryableError(`site ${site.name} does not hold this version`);
  if ('retention' in change && isProtected(there, change.retention)) {
    const message = 'Object is WORM protected and cannot be overwritten';
    throw refused({ site: site.name, doing: `PUT ${ref.key}`, status: 400, code: 'InvalidRequest', message });
  }
  const { retention, ...others } = { ...there, ...change };
  versions.put(ref.key, { ...others, ...(retention && { retention }) });
}

/** COMPLIANCE ends for nobody before its time. */
function isProtected({ retention: current }: StoredVersion, wanted: Changeable['retention']): boolean {
  if (current?.mode !== 'COMPLIANCE') return false;
  return wanted?.mode !== 'COMPLIANCE' || Date.parse(wanted.until) < Date.parse(current.until);
}

export type Head =
  | Exclude<Look, { state: 'marker' }>
  | { readonly state: 'marker'; readonly replica: boolean };

/** HEAD tells whole seconds, and of a marker no time at all. */
export function headAt(site: MemorySite, ref: VersionRef): Head {
  const bucket = site.find(ref.bucket);
  if (!bucket) return { state: 'absent', missing: 'bucket' };
  const found = bucket.versions.find(ref.key, ref.versionId);
  if (!found) return { state: 'absent', missing: 'version' };
  const { replica } = found;
  return found.marker ? { state: 'marker', replica } : { state: 'object', facts: factsOf(found), replica };
}

/** The ID of a key's latest version; undefined where it has none. */
export const latestOf = (site: MemorySite, { bucket, key }: VersionRef): string | undefined =>
  site.find(bucket)?.versions.of(key)[0]?.versionId;

/** As a listing shows it; undefined where the listing hides it. */
export function listedTime(site: MemorySite, { bucket, key, versionId }: VersionRef): string | undefined {
  const { entries } = site.bucket(bucket).versions.page({ prefix: key, limit: Number.POSITIVE_INFINITY });
  const listed = entries.find((entry) => entry.key === key && entry.version.versionId === versionId);
  return listed && milliseconds(listed.version.modified);
}

/** The Date header of an answer. */
export const answeredAt = (site: MemorySite): string => `${seconds(site.now())}.000Z`;

export function factsOf(version: StoredVersion): VersionFacts {
  const { size, etag, headers, modified } = version;
  return { size, etag, headers, ...metadataOf(version), modified: `${seconds(modified)}Z` };
}

const metadataOf = ({ metadata, tags, retention, legalHold }: StoredVersion) => ({
  metadata,
  tags,
  ...(retention && { retention }),
  ...(legalHold && { legalHold }),
});

const milliseconds = (nanoseconds: bigint): string =>
  new Date(Number(nanoseconds / 1_000_000n)).toISOString();
const seconds = (nanoseconds: bigint): string => milliseconds(nanoseconds).slice(0, 19);

export function listedOf({ key, version, latest }: StoredEntry): ListedVersion {
  const { versionId, marker, modified, size, etag, replica } = version;
  const listed = { key, versionId, marker, latest, modified: milliseconds(modified), size, etag };
  if (marker) return listed;
  const { expires: _, ...headers } = version.headers;
  return { ...listed, replica, facts: { headers, ...metadataOf(version) } };
}
