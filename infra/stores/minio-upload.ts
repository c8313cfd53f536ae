/**
 * Writing a replica to MinIO in one PUT (`?versionId=`, cmd/object-handlers.go); what is larger goes in parts. A
 * MinIO target believes the ETag it is told, so what goes out is compared with the source's before the version can
 * exist; and each body carries a Content-MD5, which MinIO verifies though the payload is unsigned.
 */
import type { VersionRef } from '../../events/object-events.ts';
import type { Content } from '../../functions/ports.ts';
import { attributeHeaders } from './minio-facts.ts';
import { PART_SIZE, putParts } from './minio-multipart.ts';
import { contentMd5, create, type Means, type Outcome, REPLICA, versionOf } from './minio-replica.ts';
import { verifiedReader } from './verified-reader.ts';

/** Leaves nothing behind when it throws. */
export async function upload(means: Means, ref: VersionRef, content: Content): Promise<Outcome> {
  try {
    return await (content.facts.size <= PART_SIZE ? putWhole : putParts)(means, ref, content);
  } finally {
    content.discard();
  }
}

async function putWhole(means: Means, ref: VersionRef, content: Content): Promise<Outcome> {
  const { facts } = content;
  const release = await means.budget.take(facts.size);
  try {
    const reader = verifiedReader(content);
    const body = await reader.take(facts.size);
    await reader.verify();
    return await create(means, ref, facts, {
      ...versionOf(ref),
      method: 'PUT',
      headers: {
        ...REPLICA,
        ...attributeHeaders(facts),
        'x-minio-source-mtime': facts.modified,
        'x-minio-source-etag': facts.etag,
        'content-md5': contentMd5(body),
      },
      body,
      deadlineMs: means.deadlines.putMs,
    });
  } finally {
    release();
  }
}
