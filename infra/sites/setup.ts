/**
 * Makes a MinIO site ready for Causeway with its root credentials: versioned buckets that announce their
 * changes, and a user that may do what replication needs and no more. Doing it again changes nothing.
 */
import { join } from 'node:path';
import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  type Event,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { createUser } from './create-user.ts';
import { keptCredentials } from './credentials.ts';
import type { MinioServer } from './minio-server.ts';
import { policyFor, type SiteRole } from './policies.ts';

/** What a bucket announces: writes, changes of metadata, deletes, and what MinIO's own lifecycle removes. */
const MINIO_EVENTS = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:LifecycleDelMarkerExpiration:Delete'];

export interface BucketSetup {
  readonly name: string;
  /** Allows retention and legal hold. */
  readonly objectLock?: boolean;
}

export interface SiteSetup {
  readonly server: MinioServer;
  readonly buckets: readonly BucketSetup[];
  /** What the site is in the rules; a mere target announces nothing. */
  readonly role: SiteRole;
}

export interface SiteCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Sets the site up and gives the credentials of Causeway's user there; they are kept in the server's directory. */
export async function setUpSite({ server, buckets, role }: SiteSetup): Promise<SiteCredentials> {
  const client = rootClient(server);
  try {
    for (const bucket of buckets) {
      await createBucket(client, bucket);
      if (role !== 'target') await announceChanges(client, bucket.name, server.notificationArns);
    }
  } finally {
    client.destroy();
  }
  const { user: accessKey, password: secretKey } = await keptCredentials(join(server.dir, 'causeway.json'));
  const policy = policyFor(
    role,
    buckets.map((bucket) => bucket.name),
  );
  await createUser(server, { accessKey, secretKey, policyName: 'causeway', policy });
  return { accessKey, secretKey };
}

/** An S3 client that may do anything at an embedded site. */
export function rootClient(
  { endpoint, region, rootUser, rootPassword }: MinioServer,
  { maxAttempts = 3 }: { readonly maxAttempts?: number } = {},
): S3Client {
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    maxAttempts,
    credentials: { accessKeyId: rootUser, secretAccessKey: rootPassword },
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 15_000 },
  });
}

/** A versioned bucket; one that exists is kept as it is, and versioned. */
export async function createBucket(
  client: S3Client,
  { name, objectLock = false }: BucketSetup,
): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: objectLock }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
  }
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
}

/** Has a bucket notify these targets of its changes. */
export async function announceChanges(
  client: S3Client,
  bucket: string,
  arns: readonly string[],
): Promise<void> {
  const QueueConfigurations = arns.map((QueueArn) => ({ QueueArn, Events: MINIO_EVENTS.filter(isEvent) }));
  const NotificationConfiguration = { QueueConfigurations };
  await client.send(
    new PutBucketNotificationConfigurationCommand({ Bucket: bucket, NotificationConfiguration }),
  );
}

/** The SDK lists the events of AWS only, and sends others as they are. */
function isEvent(name: string): name is Event {
  return name.startsWith('s3:');
}
