/**
 * The MinIO dialect: replicas keep the source's version ID, time, ETag, headers, metadata, tags and locks, and emit
 * no event. Read in MinIO's source at 7aac2a2c5b7c, and pinned by test/contract.
 */
import type { VersionRef } from '../../events/object-events.ts';
import { RefusedError, RetryableError, TerminalError } from '../../functions/errors.ts';
import type { Content } from '../../functions/ports.ts';
import { buckets } from './bucket-info.ts';
import { processBudget } from './byte-budget.ts';
import { copying } from './minio-copy.ts';
import { encryptionOf, factsOfHeaders } from './minio-facts.ts';
import { listVersions } from './minio-listing.ts';
import { isUnreadable, LOOK, look } from './minio-look.ts';
import { purge, putMarker } from './minio-marker.ts';
import { changeMetadata } from './minio-metadata.ts';
import { removeUpload } from './minio-multipart.ts';
import { at, HERE_ONLY, type Means, versionOf } from './minio-replica.ts';
import { loadEntry, putStack } from './minio-stack.ts';
import { upload } from './minio-upload.ts';
import { largestEntry, stackRoom, stackTurns } from './stack-entry.ts';
import { leastCopyBytes, type Store, type StoreOptions, usualStackBytes } from './store-options.ts';
import { wire as openWire, type WireRequest } from './wire.ts';

export function minioStore(options: StoreOptions): Store {
  const { site, deadlines, budget = processBudget } = options;
  const { stackBytes = usualStackBytes, copyBytes = leastCopyBytes } = options;
  const deadlineMs = deadlines.requestMs;
  const wire = openWire(options);
  const sdk = buckets(options);
  const means: Means = { wire, budget, deadlines, encrypting: new Set() };

  async function probe(): Promise<void> {
    const request: WireRequest = { method: 'GET', deadlineMs };
    const answer = await wire.send(request);
    if (answer.status !== 200) throw await wire.refusal(request, answer);
  }

  async function read(ref: VersionRef): Promise<Content | undefined> {
    const request = { ...versionOf(ref), method: 'GET', headers: LOOK, deadlineMs } as const;
    const answer = await wire.open(request);
    const { status, headers, body } = answer;
    if (status === 200) {
      const encryption = encryptionOf(headers);
      return {
        facts: factsOfHeaders(headers),
        ...(encryption !== undefined && { encryption }),
        chunks: body,
        discard: () => body.destroy(),
        from: (offset) => readFrom(ref, headers.etag ?? '', offset),
        sizeOfPart: (number) => sizeOfPart(ref, number),
      };
    }
    const error = await wire.refusal(request, answer);
    const isBucketMissing = error instanceof RefusedError && error.code === 'NoSuchBucket';
    if (isUnreadable(answer) || (status === 404 && !isBucketMissing)) return undefined;
    throw error;
  }

  async function readFrom(
    ref: VersionRef,
    etag: string,
    offset: number,
  ): Promise<Pick<Content, 'chunks' | 'discard'>> {
    // A null version may have been overwritten since.
    const part = { ...HERE_ONLY, range: `bytes=${offset}-`, 'if-match': etag };
    const request = { ...versionOf(ref), method: 'GET', headers: part, deadlineMs } as const;
    const answer = await wire.open(request);
    if (answer.status !== 206) throw await wire.refusal(request, answer);
    return { chunks: answer.body, discard: () => answer.body.destroy() };
  }

  async function sizeOfPart(ref: VersionRef, number: number): Promise<number | undefined> {
    const query = { versionId: ref.versionId, partNumber: String(number) };
    const request = { ...at(ref, query), method: 'HEAD', headers: HERE_ONLY, deadlineMs } as const;
    const { status, headers } = await wire.send(request);
    return status === 206 || status === 200 ? Number(headers['content-length']) : undefined;
  }

  return {
    site,
    probe,
    bucket: (bucket) => sdk.info(bucket),
    look: async (ref) => look(means, named(site, ref)),
    read: async (ref) => read(named(site, ref)),
    write: async (ref, content, resume) => upload(means, named(site, ref), content, resume),
    abandon: async (ref, { uploadId }) => removeUpload(means, named(site, ref), uploadId),
    stacking: {
      largestEntry,
      largestStack: stackBytes,
      room: (bytes) => stackRoom(budget, bytes),
      inTurn: stackTurns(),
      load: async (ref, content) => loadEntry(named(site, ref), content),
      write: (bucket, entries) => putStack(means, bucket, entries),
    },
    copying: copying(means, { smallest: copyBytes }),
    putMarker: async (ref, modified) => putMarker(means, named(site, ref), modified),
    purge: async (ref) => purge(means, named(site, ref)),
    async setMetadata(ref, wanted) {
      const seen = await look(means, named(site, ref));
      if (seen.state !== 'object') throw new RetryableError(`site ${site} does not hold this version`);
      await changeMetadata(means, ref, { current: seen.facts, wanted });
    },
    list: (bucket, from) => listVersions(wire, bucket, { ...from, metadata: true }, deadlineMs),
    async close() {
      sdk.close();
      await wire.close();
    },
  };
}

/** MinIO would take `/a` for `a`. */
function named(site: string, ref: VersionRef): VersionRef {
  if (ref.key.startsWith('/'))
    throw new TerminalError(`site ${site}: MinIO cannot hold a key that begins with a slash: ${ref.key}`);
  return ref;
}
