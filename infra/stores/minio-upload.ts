/**
 * Writing a replica to MinIO (`PUT ?versionId=`, cmd/object-handlers.go). A MinIO target believes the ETag it is told,
 * so what goes out is compared with the source's before the version can exist; and each body carries a checksum,
 * which MinIO verifies though the payload is unsigned.
 */
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
import type { Content } from '../../functions/ports.ts';
import { attributeHeaders, tagQuery } from './minio-facts.ts';
import { putTags } from './minio-metadata.ts';
import { PART_SIZE, putParts } from './minio-multipart.ts';
import { contentMd5, create, type Means, type Outcome, REPLICA, versionOf } from './minio-replica.ts';
import { putStream } from './minio-stream.ts';
import { isContentMd5, verifiedReader } from './verified-reader.ts';

/** MinIO takes 8 KiB of headers; tags set by a request of their own may be longer. */
const MOST_TAGS = 4096;

/** Leaves no version behind when the content was not what it should be. */
export async function upload(means: Means, ref: VersionRef, content: Content): Promise<Outcome> {
  const { facts } = content;
  const send = facts.size <= PART_SIZE ? putWhole : isInParts(facts) ? putParts : putStream;
  try {
    if (tagQuery(facts.tags).length <= MOST_TAGS) return await send(means, ref, content);
    const outcome = await send(means, ref, { ...content, facts: { ...facts, tags: {} } });
    await putTags(means, ref, facts.tags);
    return outcome;
  } finally {
    content.discard();
  }
}

const isInParts = ({ etag }: VersionFacts): boolean => etag.includes('-');

async function putWhole(means: Means, ref: VersionRef, content: Content): Promise<Outcome> {
  const { facts } = content;
  const release = await means.budget.take(facts.size);
  try {
    const reader = verifiedReader(content);
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
        // Verified to be the same a moment ago.
        'content-md5': isContentMd5(content)
          ? Buffer.from(facts.etag, 'hex').toString('base64')
          : contentMd5(body),
      },
      body,
      deadlineMs: means.deadlines.putMs,
    });
    if (encryption === undefined || !isInParts(facts)) return outcome;
    // Where MinIO encrypts, only an upload in parts keeps the ETag of one.
    release();
    return await putParts(means, ref, { ...content, chunks: once(body) });
  } finally {
    release();
  }
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}
