/**
 * What a site's own users do to it, answered as MinIO answers, and the notifications that follow (cmd/erasure-object.go,
 * cmd/bucket-handlers.go).
 *
 * - DELETE of a missing key makes no marker and says NoOP; where the latest is a marker already, it makes no other and
 *   says DeleteMarkerCreated with that one's ID; a multi-delete of a missing key says so with an ID that exists nowhere.
 * - DELETE of a marker by its ID says DeleteMarkerCreated with that ID, as its creation did; in a multi-delete it says
 *   ObjectRemoved:Delete.
 */
import { createHash } from 'node:crypto';
import type { ObjectEvent, VersionFacts, VersionRef } from '../../events/object-events.ts';
import { fromNanoseconds } from '../../events/times.ts';
import { refused } from './errors.ts';
import { markerOf } from './memory-replica.ts';
import type { MemoryBucket, MemorySite } from './memory-site.ts';
import type { StoredVersion } from './memory-versions.ts';

export interface PutOptions
  extends Partial<Pick<VersionFacts, 'headers' | 'metadata' | 'tags' | 'retention' | 'legalHold'>> {
  /** Uploaded in so many parts: the ETag is no content's MD5. */
  readonly parts?: number;
}

/** What the client is told; `modified` in nanoseconds since 1970. */
export interface Made {
  readonly versionId: string;
  readonly etag: string;
  readonly modified: bigint;
}

export interface MemoryClient {
  put(bucket: string, key: string, content: Uint8Array, options?: PutOptions): Made;
  /** Undefined where it made no marker. */
  delete(bucket: string, key: string): Made | undefined;
  /** False where there was nothing to delete. Throws where a lock forbids it. */
  deleteVersion(ref: VersionRef): boolean;
  /** One request; without a version ID it makes markers. Tells what each made. */
  deleteMany(
    bucket: string,
    wanted: readonly { key: string; versionId?: string | undefined }[],
  ): (Made | undefined)[];
  putTags(ref: VersionRef, tags: Readonly<Record<string, string>>): void;
  deleteTags(ref: VersionRef): void;
  putLegalHold(ref: VersionRef, legalHold: 'ON' | 'OFF'): void;
  putRetention(ref: VersionRef, retention: VersionFacts['retention']): void;
}

export function memoryClient(site: MemorySite): MemoryClient {
  function notify(
    name: string,
    ref: { bucket: string; key: string; versionId: string },
    about: {
      version?: StoredVersion | undefined;
      request: string;
      sequencer?: bigint | undefined;
      /** In a request of its own. */
      alone?: boolean;
    },
  ): void {
    const at = site.now();
    const { version } = about;
    const data: ObjectEvent = {
      site: site.name,
      ...ref,
      size: version?.size ?? 0,
      ...(version && !version.marker && { etag: version.etag }),
      eventTime: `${fromNanoseconds(at).slice(0, 23)}Z`,
      requestId: about.request,
    };
    const sequencer = version?.modified ?? about.sequencer ?? at;
    const isPut = name === 'ObjectCreated:Put' || name === 'ObjectCreated:CompleteMultipartUpload';
    const isExact = isPut || (name === 'ObjectRemoved:DeleteMarkerCreated' && about.alone === true);
    const modified = isExact ? { modified: fromNanoseconds(sequencer) } : {};
    site.notify({ name, sequencer, data: { ...data, ...modified } });
  }

  const newRequest = (): string => site.now().toString(16).toUpperCase();

  function versionOf(bucket: MemoryBucket, { key, versionId }: VersionRef): StoredVersion {
    const found = bucket.versions.find(key, versionId);
    if (found && !found.marker) return found;
    throw refused({ site: site.name, doing: key, status: 404, code: 'NoSuchVersion', message: '' });
  }

  function change(name: string, ref: VersionRef, edit: (version: StoredVersion) => StoredVersion): void {
    const bucket = site.bucket(ref.bucket);
    const version = edit(versionOf(bucket, ref));
    bucket.versions.put(ref.key, version);
    notify(name, ref, { version, request: newRequest() });
  }

  function makeMarker({ versions, versioning }: MemoryBucket, key: string): StoredVersion {
    const id = versioning === 'enabled' ? site.newVersionId() : 'null';
    const marker = markerOf(id, site.now(), false);
    versions.put(key, marker);
    return marker;
  }

  function checkLock(version: StoredVersion | undefined): void {
    const now = site.now() / 1_000_000n;
    const isRetained = version?.retention && BigInt(Date.parse(version.retention.until)) >= now;
    if (!isRetained && version?.legalHold !== 'ON') return;
    throw refused({ site: site.name, doing: 'DELETE', status: 400, code: 'ObjectLocked', message: '' });
  }

  return {
    put(name, key, content, options = {}) {
      const bucket = site.bucket(name);
      const { parts, ...given } = options;
      const md5 = createHash('md5').update(content).digest('hex');
      const version: StoredVersion = {
        headers: { 'content-type': 'application/octet-stream' },
        metadata: {},
        tags: {},
        ...given,
        versionId: bucket.versioning === 'enabled' ? site.newVersionId() : 'null',
        marker: false,
        modified: site.now(),
        replica: false,
        size: content.byteLength,
        etag: parts === undefined ? md5 : `${md5}-${parts}`,
        content,
      };
      bucket.versions.put(key, version);
      const { versionId } = version;
      const event = parts === undefined ? 'ObjectCreated:Put' : 'ObjectCreated:CompleteMultipartUpload';
      notify(event, { bucket: name, key, versionId }, { version, request: newRequest() });
      return version;
    },
    delete(name, key) {
      const bucket = site.bucket(name);
      const request = newRequest();
      const [latest] = bucket.versions.of(key);
      if (!latest) {
        notify('ObjectRemoved:NoOP', { bucket: name, key, versionId: '' }, { request });
        return undefined;
      }
      if (bucket.versioning === 'off') {
        bucket.versions.remove(key, latest.versionId);
        notify('ObjectRemoved:Delete', { bucket: name, key, versionId: '' }, { request });
        return undefined;
      }
      const marker = latest.marker ? latest : makeMarker(bucket, key);
      const ref = { bucket: name, key, versionId: marker.versionId };
      notify('ObjectRemoved:DeleteMarkerCreated', ref, { version: marker, request, alone: true });
      return latest.marker ? undefined : marker;
    },
    deleteVersion(ref) {
      const { versions } = site.bucket(ref.bucket);
      const request = newRequest();
      const found = versions.find(ref.key, ref.versionId);
      checkLock(found);
      versions.remove(ref.key, ref.versionId);
      const removed = found?.marker ? 'ObjectRemoved:DeleteMarkerCreated' : 'ObjectRemoved:Delete';
      notify(found ? removed : 'ObjectRemoved:NoOP', ref, { request, alone: true });
      return found !== undefined;
    },
    deleteMany(name, wanted) {
      const bucket = site.bucket(name);
      const request = newRequest();
      return wanted.map(({ key, versionId }) => {
        if (versionId !== undefined) {
          checkLock(bucket.versions.find(key, versionId));
          bucket.versions.remove(key, versionId);
          notify('ObjectRemoved:Delete', { bucket: name, key, versionId }, { request });
          return undefined;
        }
        const marker = bucket.versions.of(key).length > 0 ? makeMarker(bucket, key) : undefined;
        const made = { bucket: name, key, versionId: marker?.versionId ?? site.newVersionId() };
        notify('ObjectRemoved:DeleteMarkerCreated', made, { request });
        return marker;
      });
    },
    putTags: (ref, tags) => change('ObjectCreated:PutTagging', ref, (version) => ({ ...version, tags })),
    deleteTags: (ref) => change('ObjectCreated:DeleteTagging', ref, (version) => ({ ...version, tags: {} })),
    putLegalHold: (ref, legalHold) =>
      change('ObjectCreated:PutLegalHold', ref, (version) => ({ ...version, legalHold })),
    putRetention: (ref, retention) =>
      change('ObjectCreated:PutRetention', ref, ({ retention: _, ...version }) => ({
        ...version,
        ...(retention && { retention }),
      })),
  };
}
