/**
 * Writing a replica to MinIO (`PUT ?versionId=`, cmd/object-handlers.go). A MinIO target believes the ETag it is told,
 * so what goes out is compared with the source's before the version can exist; and each body carries a checksum,
 * which MinIO verifies though the payload is unsigned.
 */
import type { VersionRef } from '../../events/object-events.ts';
import type { Content } from '../../functions/ports.ts';
import type { Resume } from '../../functions/uploads.ts';
import { isInParts, PART_SIZE } from './minio-cut.ts';
import { attributeHeaders, tagQuery } from './minio-facts.ts';
import { putParts } from './minio-large.ts';
import { putTags } from './minio-metadata.ts';
import { EncryptedPartError } from './minio-parts.ts';
import { contentMd5, create, type Means, type Outcome, REPLICA, versionOf } from './minio-replica.ts';
import { putStream } from './minio-stream.ts';
import { isContentMd5, verifiedReader } from './verified-reader.ts';

/** MinIO takes 8 KiB of headers; tags set by a request of their own may be longer. */
export const MOST_TAGS = 4096;
const LARGEST_STREAM = 64 * 1024 * 1024;

/** Leaves no version behind when the content was not what it should be. */
export async function upload(
  means: Means,
  ref: VersionRef,
  content: Content,
  resume?: Resume,
): Promise<Outcome | 'unfinished'> {
  const { facts } = content;
  const send = facts.size <= PART_SIZE ? putWhole : isInParts(facts) ? putParts : putLarge;
  try {
    if (tagQuery(facts.tags).length <= MOST_TAGS) return await send(means, ref, content, resume);
    const outcome = await send(means, ref, { ...content, facts: { ...facts, tags: {} } }, resume);
    if (outcome !== 'unfinished') await putTags(means, ref, facts.tags);
    return outcome;
  } finally {
    content.discard();
  }
}

/**
 * What was put in one request at its source may be larger than it is wise to begin again from the start. Where MinIO
 * encrypts, it cannot go in parts (minio-stream.ts); the first part tells.
 */
async function putLarge(
  means: Means,
  ref: VersionRef,
  content: Content,
  resume?: Resume,
): Promise<Outcome | 'unfinished'> {
  const { from } = content;
  const isSmall = content.facts.size <= LARGEST_STREAM;
  if (isSmall || !from || means.encrypting.has(ref.bucket)) return putStream(means, ref, content);
  try {
    return await putParts(means, ref, content, resume);
  } catch (error) {
    if (!(error instanceof EncryptedPartError)) throw error;
    means.encrypting.add(ref.bucket);
  }
  const again = await from(0);
  try {
    return await putStream(means, ref, { ...content, ...again });
  } finally {
    again.discard();
  }
}

async function putWhole(means: Means, ref: VersionRef, content: Content): Promise<Outcome | 'unfinished'> {
  const { facts } = content;
  const release = await means.budget.take(facts.size);
  try {
    const isMd5 = isContentMd5(content);
    const reader = verifiedReader(content, { hashes: false });
    const body = await reader.take(facts.size);
    await reader.verify();
    const { outcome, encryption } = await create(means, ref, facts, {
      ...versionOf(ref),
      method: 'PUT',
      headers: {
        ...REPLICA,
        ...attributeHeaders(facts),
        'x-minio-source-mtime': facts.modified,
        'x-minio-source-etag': facts.etag,
        // MinIO takes nothing whose MD5 is another: what came must be what the source says it holds.
        'content-md5': isMd5 ? Buffer.from(facts.etag, 'hex').toString('base64') : contentMd5(body),
      },
      body,
      deadlineMs: means.deadlines.putMs,
    });
    if (encryption === undefined || !isInParts(facts)) return outcome;
    // Where MinIO encrypts, only an upload in parts keeps the ETag of one.
    release();
    return await putParts(means, ref, { facts, chunks: once(body), discard: () => undefined });
  } finally {
    release();
  }
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}
