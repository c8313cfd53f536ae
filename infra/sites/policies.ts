/**
 * The least privileges that Causeway needs at a site, as policy documents: the embedded sites get them, and
 * `causeway doctor` prints them. They hold on MinIO and on AWS, so they name what either one asks for: MinIO
 * asks s3:GetObject for a version, AWS s3:GetObjectVersion; a target is also asked for it where it copies what
 * it has already. Without some of them MinIO does not refuse but leaves out: metadata and tags from its extended
 * listing (s3:GetObject, s3:GetObjectTagging), lock headers from HEAD and GET (s3:GetObjectRetention,
 * s3:GetObjectLegalHold).
 */

interface PolicyStatement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PolicyStatement[];
}

/** What a site is in the rules that name it. */
export type SiteRole = 'source' | 'target' | 'two-way';

/** The creation date of a bucket, which tells a bucket from its successor, is in the list of buckets only. */
const SITE_ACTIONS = ['s3:ListAllMyBuckets'];

const BUCKET_READ = [
  's3:GetBucketLocation',
  's3:GetBucketNotification',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketVersioning',
  's3:ListBucket',
  's3:ListBucketVersions',
];

const OBJECT_READ = [
  's3:GetObject',
  's3:GetObjectLegalHold',
  's3:GetObjectRetention',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:GetObjectVersionTagging',
];

/** Large objects resume from the parts that are already there. */
const BUCKET_WRITE = ['s3:ListBucketMultipartUploads'];

const OBJECT_WRITE = [
  's3:AbortMultipartUpload',
  's3:DeleteObject',
  's3:DeleteObjectTagging',
  's3:DeleteObjectVersion',
  's3:DeleteObjectVersionTagging',
  's3:ListMultipartUploadParts',
  's3:PutObject',
  's3:PutObjectLegalHold',
  's3:PutObjectRetention',
  's3:PutObjectTagging',
  's3:PutObjectVersionTagging',
  's3:ReplicateDelete',
  's3:ReplicateObject',
];

/** For a site that is read from. */
export function sourcePolicy(buckets: readonly string[]): PolicyDocument {
  return policy(buckets, BUCKET_READ, OBJECT_READ);
}

/** For a site that is written to; it is read as well, to compare it with the source. */
export function targetPolicy(buckets: readonly string[]): PolicyDocument {
  return policy(buckets, [...BUCKET_READ, ...BUCKET_WRITE], [...OBJECT_READ, ...OBJECT_WRITE]);
}

/** For a site that is both: writing includes reading, so it is the target's. */
export function twoWayPolicy(buckets: readonly string[]): PolicyDocument {
  return targetPolicy(buckets);
}

export function policyFor(role: SiteRole, buckets: readonly string[]): PolicyDocument {
  return { source: sourcePolicy, target: targetPolicy, 'two-way': twoWayPolicy }[role](buckets);
}

function policy(buckets: readonly string[], ofBucket: string[], ofObject: string[]): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow' as const, Action: SITE_ACTIONS, Resource: ['arn:aws:s3:::*'] },
      {
        Effect: 'Allow' as const,
        Action: ofBucket,
        Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}`),
      },
      {
        Effect: 'Allow' as const,
        Action: ofObject,
        Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}/*`),
      },
    ].filter(({ Resource }) => Resource.length > 0),
  };
}
