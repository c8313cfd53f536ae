/** A site made ready by setup.ts on a real MinIO: what Causeway's user may do there, and what not. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { createUser } from '../../infra/sites/create-user.ts';
import { type MinioServer, startMinio } from '../../infra/sites/minio-server.ts';
import { targetPolicy } from '../../infra/sites/policies.ts';
import { createBucket, rootClient, type SiteCredentials, setUpSite } from '../../infra/sites/setup.ts';

let dir: string;
let source: MinioServer;
let target: MinioServer;
const clients: S3Client[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-setup-'));
  const binary = await findBinary('minio', environment, console.error);
  const nats = {
    address: '127.0.0.1:1',
    user: 'minio',
    password: 'no-one-listens',
    subject: 'causeway.raw.paris',
  };
  // A password with everything that addresses and shells give a meaning to.
  source = await startMinio({
    binary,
    dir: join(dir, 'paris'),
    name: 'paris',
    rootPassword: `p:a@s/s w%2F"'$#`,
    nats,
  });
  target = await startMinio({ binary, dir: join(dir, 'tokyo'), name: 'tokyo' });
}, 40 * 60_000);

afterAll(async () => {
  for (const client of clients) client.destroy();
  await Promise.all([source?.stop(), target?.stop()]);
  await rm(dir, { recursive: true, force: true });
}, 30_000);

function as({ endpoint, region }: MinioServer, { accessKey, secretKey }: SiteCredentials): S3Client {
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
  clients.push(client);
  return client;
}

function asRoot(server: MinioServer): S3Client {
  const client = rootClient(server);
  clients.push(client);
  return client;
}

const denied = { name: 'AccessDenied' };
const cat = { Bucket: 'photos', Key: 'cat.jpg', Body: 'a cat' };

describe('a source', () => {
  let user: S3Client;
  let credentials: SiteCredentials;
  beforeAll(async () => {
    const buckets = [{ name: 'photos' }, { name: 'records', objectLock: true }];
    credentials = await setUpSite({ server: source, buckets, role: 'source' });
    user = as(source, credentials);
  }, 60_000);

  test('has versioned buckets that tell both NATS targets, whether NATS is up or not', async () => {
    const { Status } = await user.send(new GetBucketVersioningCommand({ Bucket: 'photos' }));
    const told = await user.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'photos' }));

    expect(Status).toBe('Enabled');
    expect(told.QueueConfigurations?.map(({ QueueArn }) => QueueArn).sort()).toEqual([
      'arn:minio:sqs::CAUSEWAY:nats',
      'arn:minio:sqs::CAUSEWAYSAFE:nats',
    ]);
    expect(told.QueueConfigurations?.[0]?.Events?.toSorted()).toEqual([
      's3:LifecycleDelMarkerExpiration:Delete',
      's3:ObjectCreated:*',
      's3:ObjectRemoved:*',
    ]);
  });

  test('can be read: versions, tags, lock headers, creation dates', async () => {
    const ObjectLockRetainUntilDate = new Date(Date.now() + 60_000);
    const lock = {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate,
      ObjectLockLegalHoldStatus: 'ON',
    } as const;
    await asRoot(source).send(
      new PutObjectCommand({ ...cat, Bucket: 'records', Tagging: 'kind=cat', ...lock }),
    );

    const { Versions } = await user.send(new ListObjectVersionsCommand({ Bucket: 'records' }));
    const version = { Bucket: 'records', Key: 'cat.jpg', VersionId: Versions?.[0]?.VersionId };
    const head = await user.send(new HeadObjectCommand(version));
    const { TagSet } = await user.send(new GetObjectTaggingCommand(version));
    const { Buckets } = await user.send(new ListBucketsCommand({}));

    expect(head).toMatchObject({ ObjectLockMode: 'GOVERNANCE', ObjectLockLegalHoldStatus: 'ON' });
    expect(TagSet).toEqual([{ Key: 'kind', Value: 'cat' }]);
    expect(Buckets?.find(({ Name }) => Name === 'photos')?.CreationDate).toBeInstanceOf(Date);
  });

  test('cannot be written, nor can what was not named be read', async () => {
    await createBucket(asRoot(source), { name: 'private' });

    await expect(user.send(new PutObjectCommand(cat))).rejects.toMatchObject(denied);
    await expect(user.send(new ListObjectVersionsCommand({ Bucket: 'private' }))).rejects.toMatchObject(
      denied,
    );
  });

  test('may be set up again: nothing changes', async () => {
    const buckets = [{ name: 'photos' }, { name: 'records', objectLock: true }];

    expect(await setUpSite({ server: source, buckets, role: 'source' })).toEqual(credentials);
    await expect(user.send(new ListObjectVersionsCommand({ Bucket: 'photos' }))).resolves.toBeDefined();
  }, 60_000);
});

describe('a target', () => {
  let user: S3Client;
  beforeAll(async () => {
    user = as(target, await setUpSite({ server: target, buckets: [{ name: 'photos' }], role: 'target' }));
  }, 60_000);

  test('takes replicas, and their removal', async () => {
    const replica = new PutObjectCommand(cat);
    replica.middlewareStack.add(
      (next) => (step) => {
        const { request } = step;
        if (typeof request === 'object' && request !== null && 'headers' in request) {
          Object.assign(request.headers ?? {}, {
            'x-amz-replication-status': 'REPLICA',
            'x-minio-source-replication-request': 'true',
            'x-minio-source-mtime': '2026-01-02T03:04:05.123456789Z',
          });
        }
        return next(step);
      },
      { step: 'build' },
    );
    const { VersionId } = await user.send(replica);
    const { ReplicationStatus, LastModified } = await user.send(
      new HeadObjectCommand({ Bucket: 'photos', Key: 'cat.jpg' }),
    );
    await user.send(new DeleteObjectCommand({ Bucket: 'photos', Key: 'cat.jpg', VersionId }));

    expect(ReplicationStatus).toBe('REPLICA');
    expect(LastModified).toEqual(new Date('2026-01-02T03:04:05Z'));
  });

  test('announces nothing, and its bucket cannot be changed', async () => {
    const told = await user.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'photos' }));
    const suspend = { Bucket: 'photos', VersioningConfiguration: { Status: 'Suspended' } } as const;

    expect(told.QueueConfigurations ?? []).toEqual([]);
    await expect(user.send(new PutBucketVersioningCommand(suspend))).rejects.toMatchObject(denied);
  });
});

test('a wrong root password is told in one line, without the password', async () => {
  const server = { ...target, rootPassword: 'not-the-password' };
  const attempt = setUpSite({ server, buckets: [], role: 'target' });

  await expect(attempt).rejects.toThrow(/^user \w+ could not be made at http:\S+: SignatureDoesNotMatch$/);
  await expect(attempt).rejects.not.toThrow('not-the-password');
}, 60_000);

test('a user that MinIO does not take is told', async () => {
  const policy = targetPolicy(['photos']);
  const attempt = createUser(target, {
    accessKey: 'new-user',
    secretKey: 'short',
    policyName: 'new',
    policy,
  });

  await expect(attempt).rejects.toThrow(/^user new-user could not be made at http:\S+: InvalidAccessKeyId$/);
});
