/**
 * Writing a replica to MinIO with content that the site has already (CopyObject, UploadPartCopy:
 * cmd/object-handlers.go, cmd/object-multipart-handlers.go). With the headers of a replica a copy becomes one and emits
 * no event. The site proves by a hash of its own that it copied what is wanted; an ETag would prove nothing, it believes
 * those it is told.
 *
 * - CopyObject gives the content's MD5 as ETag, so it serves versions whose ETag is that. It is asked for a SHA-256.
 * - An ETag of an upload in parts is kept by an upload in parts, whose parts are copied; each part's ETag is its MD5.
 */
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
import type { Copying, Digest, PlacedContent } from '../../functions/content.ts';
import { byteBudget } from './byte-budget.ts';
import { createCrossings } from './crossings.ts';
import { isInParts, MOST_PARTS } from './minio-cut.ts';
import { attributeHeaders, tagQuery, unquoted } from './minio-facts.ts';
import { purge } from './minio-marker.ts';
import { abort, complete, initiate } from './minio-multipart.ts';
import { asObject, at, type Means, type Outcome, REPLICA, REPLICATION, versionOf } from './minio-replica.ts';
import { MOST_TAGS } from './minio-upload.ts';
import { encodeComponent, encodeKey } from './text-encoding.ts';
import { isContentMd5 } from './verified-reader.ts';
import type { WireRequest } from './wire.ts';
import { textOf } from './xml.ts';

const MEBIBYTE = 1024 * 1024;
/** A disk copies so much well within the deadline of a PUT. */
const LARGEST_PIECE = 256 * MEBIBYTE;
/** All at once the site would make none of them in time, and what is given up is sent after all. */
const MOST_BYTES_AT_ONCE = 64 * MEBIBYTE;

export interface CopySizes {
  /** Less is not copied. */
  readonly smallest: number;
  /** What one request copies. */
  readonly largestPiece?: number;
}

export function copying(means: Means, { smallest, largestPiece = LARGEST_PIECE }: CopySizes): Copying {
  /** Whether a bucket proves what it copies: with SSE-KMS, and on a server that tells no SHA-256, it cannot. */
  const isProving = new Map<string, boolean>();
  const crossings = createCrossings();
  const underWay = byteBudget(MOST_BYTES_AT_ONCE);
  const wayTo = ({ bucket }: VersionRef, facts: VersionFacts): string =>
    `${bucket} ${isInParts(facts) ? 'in parts' : 'whole'}`;

  return {
    pieceBytes: (facts) => (isInParts(facts) ? largestPiece : undefined),
    takes(ref, content) {
      const { key } = ref;
      const { facts } = content;
      const { size, tags } = facts;
      // MinIO keeps no versions of a folder.
      if (key.startsWith('/') || key.endsWith('/')) return false;
      const largest = isInParts(facts) ? MOST_PARTS * largestPiece : largestPiece;
      if (size < smallest || size > largest || tagQuery(tags).length > MOST_TAGS) return false;
      return (isInParts(facts) || isContentMd5(content)) && isProving.get(wayTo(ref, facts)) !== false;
    },
    async copy(ref, facts, from, digest) {
      const release = await underWay.take(Math.min(facts.size, largestPiece));
      const leave = isInParts(facts) ? () => undefined : crossings.enter(from, ref);
      try {
        if (!leave) return undefined;
        const origin = { from, digest, largestPiece };
        const copied = await (isInParts(facts) ? copyParts : copyWhole)(means, ref, facts, origin);
        const way = wayTo(ref, facts);
        // Once it has, what does not fit is other content.
        if (copied === 'written') isProving.set(way, true);
        if (copied !== 'unproved') return copied;
        isProving.set(way, isProving.get(way) ?? false);
        return undefined;
      } finally {
        leave?.();
        release();
      }
    },
  };
}

interface Origin {
  readonly largestPiece: number;
  readonly from: PlacedContent;
  readonly digest: Digest;
}

/** Pinned by its version, and by its ETag. */
const sourceHeaders = ({ bucket, key, versionId, etag }: PlacedContent) => ({
  'x-amz-copy-source': `/${encodeComponent(bucket)}/${encodeKey(key)}?versionId=${encodeComponent(versionId)}`,
  'x-amz-copy-source-if-match': etag,
});

/** `unproved`: the site's hashes are not those that were wanted, and nothing is left. */
type Copied = Outcome | 'unproved' | undefined;

async function copyWhole(
  means: Means,
  ref: VersionRef,
  facts: VersionFacts,
  { from, digest }: Origin,
): Promise<Copied> {
  const { wire, deadlines } = means;
  const answer = await wire.send(
    asObject({
      ...versionOf(ref),
      method: 'PUT',
      headers: {
        ...REPLICA,
        ...attributeHeaders(facts),
        ...sourceHeaders(from),
        'x-amz-metadata-directive': 'REPLACE',
        'x-amz-tagging-directive': 'REPLACE',
        // Has all of the content read: within one key MinIO would else share what is stored between two versions.
        'x-amz-checksum-algorithm': 'SHA256',
        'x-minio-source-mtime': facts.modified,
      },
      deadlineMs: deadlines.putMs,
    }),
  );
  const { status, headers, body } = answer;
  if (status !== 200 || textOf(body.toString('utf8'), 'Code') !== undefined) return undefined;
  const told = headers['x-amz-checksum-sha256'];
  const isContent = told === Buffer.from(digest.sha256, 'hex').toString('base64');
  if (isContent && unquoted(headers.etag ?? '') === facts.etag) return 'written';
  await purge(means, ref);
  return 'unproved';
}

async function copyParts(
  means: Means,
  ref: VersionRef,
  facts: VersionFacts,
  { from, digest, largestPiece }: Origin,
): Promise<Copied> {
  const uploadId = await initiate(means, ref, facts);
  if (uploadId === undefined) return 'already';
  try {
    const etags: string[] = [];
    for (const index of digest.pieces.keys()) {
      const first = index * largestPiece;
      const last = Math.min(first + largestPiece, digest.size) - 1;
      const piece = { from, uploadId, number: index + 1, range: `${first}-${last}` };
      const etag = await copyPart(means, ref, piece);
      if (etag === undefined) break;
      etags.push(etag);
    }
    const isWhole = etags.length === digest.pieces.length;
    const isContent = isWhole && etags.every((etag, index) => unquoted(etag) === digest.pieces[index]);
    if (isContent) return await complete(means, ref, facts, { uploadId, etags });
    await abort(means, ref, uploadId);
    return isWhole ? 'unproved' : undefined;
  } catch (error) {
    await abort(means, ref, uploadId);
    throw error;
  }
}

interface Piece {
  readonly from: PlacedContent;
  readonly uploadId: string;
  readonly number: number;
  /** Its first and its last byte. */
  readonly range: string;
}

/** Its ETag, which is its MD5; undefined where there is nothing to copy. */
async function copyPart(
  { wire, deadlines }: Means,
  ref: VersionRef,
  { from, uploadId, number, range }: Piece,
): Promise<string | undefined> {
  const request: WireRequest = {
    ...at(ref, { partNumber: String(number), uploadId }),
    method: 'PUT',
    headers: {
      ...REPLICATION,
      ...sourceHeaders(from),
      'x-amz-copy-source-range': `bytes=${range}`,
    },
    deadlineMs: deadlines.putMs,
  };
  const { status, body } = await wire.send(request);
  return status === 200 ? textOf(body.toString('utf8'), 'ETag') : undefined;
}
