/**
 * Writing a large replica to MinIO in parts, some at once (cmd/object-multipart-handlers.go). The parts need not be
 * cut as the source's were: the upload is told its ETag when it begins, and its time when it is completed.
 */
import type { VersionRef } from '../../events/object-events.ts';
import type { Content } from '../../functions/ports.ts';
import { attributeHeaders } from './minio-facts.ts';
import {
  at,
  contentMd5,
  create,
  type Means,
  type Outcome,
  REPLICA,
  REPLICATION,
  refusal,
} from './minio-replica.ts';
import { fromHeader } from './text-encoding.ts';
import { verifiedReader } from './verified-reader.ts';
import type { WireRequest } from './wire.ts';
import { escapeXml, textOf } from './xml.ts';

const MEBIBYTE = 1024 * 1024;
/** Up to here an object is one PUT. */
export const PART_SIZE = 16 * MEBIBYTE;
const MOST_PARTS = 10_000;
const PARTS_AT_ONCE = 4;

export async function putParts(means: Means, ref: VersionRef, content: Content): Promise<Outcome> {
  const { facts } = content;
  const uploadId = await initiate(means, ref, content);
  if (uploadId === undefined) return 'already';
  try {
    const etags = await sendParts(means, ref, content, uploadId);
    const body = completion(etags);
    const { outcome } = await create(means, ref, facts, {
      ...at(ref, { uploadId }),
      method: 'POST',
      headers: {
        ...REPLICATION,
        'x-minio-source-mtime': facts.modified,
        'x-minio-replication-actual-object-size': String(facts.size),
        'content-md5': contentMd5(body),
      },
      body,
      deadlineMs: means.deadlines.putMs,
    });
    return outcome;
  } catch (error) {
    await abort(means, ref, uploadId);
    throw error;
  }
}

/** Undefined where the version is there already. */
async function initiate(
  { wire, deadlines }: Means,
  ref: VersionRef,
  { facts }: Content,
): Promise<string | undefined> {
  const { 'content-type': type = '', ...headers } = attributeHeaders(facts);
  // A POST of form data counts as a browser's upload; MinIO takes an object's headers from the query too.
  const isForm = /^multipart\/form-data/i.test(type);
  const request: WireRequest = {
    ...at(ref, {
      uploads: '',
      versionId: ref.versionId,
      ...(isForm && { 'content-type': fromHeader(type) }),
    }),
    method: 'POST',
    headers: {
      ...REPLICA,
      ...headers,
      ...(type !== '' && !isForm && { 'content-type': type }),
      'x-minio-source-etag': facts.etag,
    },
    deadlineMs: deadlines.requestMs,
  };
  const answer = await wire.send(request);
  if (answer.status === 412) return undefined;
  const uploadId = textOf(answer.body.toString('utf8'), 'UploadId');
  if (answer.status !== 200 || uploadId === undefined) throw await refusal(wire, request, answer);
  return uploadId;
}

/** Returns the parts' ETags in order, once the content has proved to be the source's. */
async function sendParts(
  means: Means,
  ref: VersionRef,
  content: Content,
  uploadId: string,
): Promise<string[]> {
  const { size } = content.facts;
  const partSize = Math.max(PART_SIZE, Math.ceil(size / MOST_PARTS / MEBIBYTE) * MEBIBYTE);
  const reader = verifiedReader(content);
  const etags: string[] = [];
  const underWay = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  try {
    for (let number = 1, left = size; left > 0 && !failed; number++) {
      const bytes = Math.min(partSize, left);
      left -= bytes;
      while (underWay.size >= PARTS_AT_ONCE) await Promise.race(underWay);
      const release = await means.budget.take(bytes);
      const body = await reader.take(bytes).catch((error: unknown) => {
        release();
        throw error;
      });
      const part = sendPart(means, ref, { uploadId, number, body })
        .then((etag) => {
          etags[number - 1] = etag;
        })
        .catch((error: unknown) => {
          failed ??= { error };
        })
        .finally(() => {
          release();
          underWay.delete(part);
        });
      underWay.add(part);
    }
    if (!failed) await reader.verify();
  } finally {
    await Promise.all(underWay);
  }
  if (failed) throw failed.error;
  return etags;
}

async function sendPart(
  { wire, deadlines }: Means,
  ref: VersionRef,
  { uploadId, number, body }: { uploadId: string; number: number; body: Buffer },
): Promise<string> {
  const request: WireRequest = {
    ...at(ref, { partNumber: String(number), uploadId }),
    method: 'PUT',
    headers: { ...REPLICATION, 'content-md5': contentMd5(body) },
    body,
    deadlineMs: deadlines.putMs,
  };
  const answer = await wire.send(request);
  if (answer.status !== 200) throw await wire.refusal(request, answer);
  return answer.headers.etag ?? '';
}

function completion(etags: readonly string[]): Buffer {
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
  );
  return Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
}

/** What cannot be aborted now MinIO itself removes after a day. */
async function abort({ wire, deadlines }: Means, ref: VersionRef, uploadId: string): Promise<void> {
  const request = { ...at(ref, { uploadId }), method: 'DELETE', deadlineMs: deadlines.requestMs } as const;
  await wire.send(request).catch(() => undefined);
}
