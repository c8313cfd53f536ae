/**
 * The requests that begin and end an upload in parts at MinIO (cmd/object-multipart-handlers.go). It is told its version
 * ID, its ETag and its metadata when it begins, and its time when it is completed.
 */
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
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
import type { WireRequest } from './wire.ts';
import { escapeXml, textOf } from './xml.ts';

/** Undefined where the version is there already. */
export async function initiate(
  { wire, deadlines }: Means,
  ref: VersionRef,
  facts: VersionFacts,
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

export interface Parts {
  readonly uploadId: string;
  /** In the parts' order. */
  readonly etags: readonly string[];
}

export async function complete(
  means: Means,
  ref: VersionRef,
  facts: VersionFacts,
  { uploadId, etags }: Parts,
): Promise<Outcome> {
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
  );
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
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
}

/** What cannot be removed now MinIO itself removes after a day. */
export const abort = (means: Means, ref: VersionRef, uploadId: string): Promise<void> =>
  removeUpload(means, ref, uploadId).catch(() => undefined);

/** Of one that is gone already nothing is left to do. */
export async function removeUpload(
  { wire, deadlines }: Means,
  ref: VersionRef,
  uploadId: string,
): Promise<void> {
  const request = { ...at(ref, { uploadId }), method: 'DELETE', deadlineMs: deadlines.requestMs } as const;
  const answer = await wire.send(request);
  if (answer.status >= 500) throw await wire.refusal(request, answer);
}
