/**
 * One harmless request for each permission: MinIO refuses it as not allowed, or, having allowed it, for another reason
 * (cmd/object-handlers.go, in the order in which it checks). Writes name a version ID that is none, which is looked at
 * after the permission and before the body; nothing is written, removed or announced.
 */
import { randomUUID } from 'node:crypto';
import { HERE_ONLY, REPLICA, REPLICATION } from '../stores/minio-replica.ts';
import type { Answer, WireRequest } from '../stores/wire.ts';
import { scan } from '../stores/xml.ts';

export interface Probe {
  readonly request: Omit<WireRequest, 'deadlineMs'>;
  /** By default, whatever is not AccessDenied. */
  isAllowed?(answer: Answer): boolean;
  /** Is asked for first, so that without it nothing can be told. */
  readonly behind?: string;
}

const noVersion = { versionId: 'none-such' };
const noUpload = { uploadId: 'none-such' };
/** The MD5 of something else: MinIO would take no byte of these bodies. */
const falseMd5 = Buffer.alloc(16).toString('base64');
const body = (xml: string): Pick<WireRequest, 'body'> => ({ body: Buffer.from(xml) });

/** By action; what is not here cannot be asked for without harm, or is asked for by nobody. */
export function probesOf(bucket: string, objectLock: boolean): Readonly<Record<string, Probe>> {
  const key = `.causeway-doctor/${randomUUID()}`;
  const ofBucket = (query: Record<string, string>): Probe => ({ request: { method: 'GET', bucket, query } });
  const ofObject = (
    method: WireRequest['method'],
    query: Record<string, string>,
    more: Partial<WireRequest> = {},
  ): Probe => ({ request: { method, bucket, key, query, ...more } });
  const put = { 'content-md5': falseMd5 };

  return {
    's3:ListAllMyBuckets': {
      request: { method: 'GET' },
      // Without the permission MinIO lists what one may list otherwise.
      isAllowed: (answer) => bucketsIn(answer).has(bucket),
    },
    's3:GetBucketLocation': ofBucket({ location: '' }),
    's3:GetBucketNotification': ofBucket({ notification: '' }),
    's3:GetBucketObjectLockConfiguration': ofBucket({ 'object-lock': '' }),
    's3:GetBucketVersioning': ofBucket({ versioning: '' }),
    's3:ListBucket': ofBucket({ 'list-type': '2', 'max-keys': '1', prefix: key }),
    's3:ListBucketVersions': ofBucket({ versions: '', 'max-keys': '1', prefix: key }),
    's3:ListBucketMultipartUploads': ofBucket({ uploads: '', 'max-uploads': '1', prefix: key }),

    's3:GetObject': ofObject('HEAD', {}, { headers: HERE_ONLY }),
    's3:GetObjectVersion': ofObject('HEAD', { versionId: randomUUID() }, { headers: HERE_ONLY }),
    's3:GetObjectLegalHold': ofObject('GET', { 'legal-hold': '' }),
    's3:GetObjectRetention': ofObject('GET', { retention: '' }),

    's3:PutObject': ofObject('PUT', noVersion, { headers: { ...REPLICATION, ...put }, ...body('x') }),
    's3:ReplicateObject': {
      ...ofObject('PUT', noVersion, { headers: { ...REPLICA, ...put }, ...body('x') }),
      behind: 's3:PutObject',
    },
    's3:PutObjectTagging': ofObject(
      'PUT',
      { tagging: '', ...noVersion },
      {
        headers: { ...HERE_ONLY, ...REPLICATION, ...put },
        ...body('<Tagging><TagSet></TagSet></Tagging>'),
      },
    ),
    's3:PutObjectLegalHold': ofObject(
      'PUT',
      { 'legal-hold': '', ...noVersion },
      { headers: { ...REPLICATION, ...put }, ...body('<LegalHold><Status>OFF</Status></LegalHold>') },
    ),
    's3:DeleteObject': ofObject('DELETE', noVersion, { headers: REPLICATION }),
    's3:ReplicateDelete': {
      ...ofObject('DELETE', noVersion, { headers: REPLICA }),
      behind: 's3:DeleteObject',
    },
    's3:AbortMultipartUpload': ofObject('DELETE', noUpload),
    's3:ListMultipartUploadParts': ofObject('GET', noUpload),

    ...(objectLock && { 's3:PutObjectRetention': retention(bucket, key) }),
  };
}

/**
 * Asked for where a version is written with a retention, in buckets with object lock only. This comes after the
 * version ID, so it names a good one; the body's MD5 then fails.
 */
function retention(bucket: string, key: string): Probe {
  const headers = {
    ...REPLICA,
    'content-md5': falseMd5,
    'x-amz-object-lock-mode': 'GOVERNANCE',
    'x-amz-object-lock-retain-until-date': new Date(Date.now() + 86_400_000).toISOString(),
  };
  const query = { versionId: randomUUID() };
  return {
    request: { method: 'PUT', bucket, key, query, headers, ...body('x') },
    behind: 's3:ReplicateObject',
  };
}

/** What shows whether tags may be read: that takes a version that is there. */
export const tagsOf = (bucket: string, version: { key: string; versionId: string }): Probe => ({
  request: {
    method: 'GET',
    bucket,
    key: version.key,
    query: { tagging: '', versionId: version.versionId },
    headers: HERE_ONLY,
  },
});

function bucketsIn({ body: xml }: Answer): ReadonlySet<string> {
  const names = new Set<string>();
  scan(xml.toString('utf8'), {
    leaf(name, text) {
      if (name === 'Name') names.add(text);
    },
  });
  return names;
}
