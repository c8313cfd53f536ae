/** A real MinIO server with a user of the least privileges, for the contract suite. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { VersionRef } from '../../../events/object-events.ts';
import { environment } from '../../../infra/config/env.ts';
import { findBinary } from '../../../infra/sites/binaries.ts';
import { createUser } from '../../../infra/sites/create-user.ts';
import { type MinioOptions, type MinioServer, startMinio } from '../../../infra/sites/minio-server.ts';
import { targetPolicy } from '../../../infra/sites/policies.ts';
import { createBucket, rootClient } from '../../../infra/sites/setup.ts';
import { openStore } from '../../../infra/stores/index.ts';
import { attributeHeaders } from '../../../infra/stores/minio-facts.ts';
import { type Wire, type WireOptions, type WireRequest, wire } from '../../../infra/stores/wire.ts';
import { textOf } from '../../../infra/stores/xml.ts';
import { plainFacts, type SiteUser, type StoreFixture, type UserPut } from './fixture.ts';

export const deadlines = { requestMs: 10_000, putMs: 30_000 };
const buckets = { versioned: 'versioned', unversioned: 'unversioned', locked: 'locked' };

export interface MinioFixture extends StoreFixture {
  readonly server: MinioServer;
  /** Signed as the root user, beneath every store. */
  readonly root: Wire;
  /** Of Causeway's user. */
  readonly credentials: WireOptions['credentials'];
}

export async function minioFixture(options: Partial<MinioOptions> = {}): Promise<MinioFixture> {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-store-'));
  const binary = await findBinary('minio', environment, console.error);
  const server = await startMinio({ binary, dir, name: 'paris', ...options });
  const { endpoint, region, rootUser, rootPassword } = server;
  await makeBuckets(server);
  const credentials = { accessKeyId: 'causeway', secretAccessKey: 'causeway-secret' };
  await createUser(
    { endpoint, rootUser, rootPassword },
    {
      accessKey: credentials.accessKeyId,
      secretKey: credentials.secretAccessKey,
      policyName: 'causeway',
      policy: targetPolicy([...Object.values(buckets), 'no-such-bucket']),
    },
  );
  const site = { site: 'paris', endpoint, region, deadlines, dialect: 'minio' } as const;
  const store = openStore({ ...site, credentials });
  const impostor = openStore({ ...site, credentials: { ...credentials, secretAccessKey: 'wrong-secret' } });
  const root = wire({ ...site, credentials: { accessKeyId: rootUser, secretAccessKey: rootPassword } });
  return {
    server,
    root,
    credentials,
    store,
    impostor,
    buckets,
    user: userOf(root),
    refusedKeys,
    async close() {
      await Promise.all([store.close(), impostor.close(), root.close()]);
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function makeBuckets(server: MinioServer): Promise<void> {
  const client = rootClient(server);
  await createBucket(client, { name: buckets.versioned });
  await createBucket(client, { name: buckets.locked, objectLock: true });
  await client.send(new CreateBucketCommand({ Bucket: buckets.unversioned }));
  client.destroy();
}

const refusedKeys = [
  'a//b',
  './x',
  'x/./y',
  '..',
  'x/../y',
  '/leading',
  'trailing//',
  'nul\u0000',
  '\ud800',
  'x'.repeat(256),
  'x/'.repeat(512).concat('x'),
];

/** An ordinary client: no header of replication. */
function userOf(root: Wire): SiteUser {
  async function ask(request: Omit<WireRequest, 'deadlineMs'>) {
    const full = { ...request, deadlineMs: 30_000 };
    const answer = await root.send(full);
    if (answer.status >= 300) throw await root.refusal(full, answer);
    return answer;
  }

  const headersOf = (content: Uint8Array, { partSize: _, ...facts }: UserPut) =>
    Object.fromEntries(
      Object.entries(attributeHeaders(plainFacts(content, facts))).filter(
        ([name]) => !name.startsWith('x-minio-'),
      ),
    );

  async function putParts(
    bucket: string,
    key: string,
    content: Uint8Array,
    partSize: number,
    options: UserPut,
  ) {
    const headers = headersOf(content, options);
    const begun = await ask({ method: 'POST', bucket, key, query: { uploads: '' }, headers });
    const uploadId = textOf(begun.body.toString(), 'UploadId') ?? '';
    let parts = '';
    for (let number = 1, at = 0; at < content.length; number++, at += partSize) {
      const query = { uploadId, partNumber: String(number) };
      const part = await ask({
        method: 'PUT',
        bucket,
        key,
        query,
        body: content.subarray(at, at + partSize),
      });
      parts += `<Part><PartNumber>${number}</PartNumber><ETag>${part.headers.etag}</ETag></Part>`;
    }
    const body = Buffer.from(`<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`);
    return ask({ method: 'POST', bucket, key, query: { uploadId }, body });
  }

  return {
    async put(bucket, key, content, options = {}) {
      const { headers } = options.partSize
        ? await putParts(bucket, key, content, options.partSize, options)
        : await ask({ method: 'PUT', bucket, key, body: content, headers: headersOf(content, options) });
      return { bucket, key, versionId: headers['x-amz-version-id'] ?? 'null' };
    },
    async delete(bucket, key): Promise<VersionRef> {
      const { headers } = await ask({ method: 'DELETE', bucket, key });
      return { bucket, key, versionId: headers['x-amz-version-id'] ?? 'null' };
    },
    async deleteVersion({ bucket, key, versionId }) {
      await ask({ method: 'DELETE', bucket, key, query: { versionId } });
    },
    async putTags({ bucket, key, versionId }, tags) {
      const set = Object.entries(tags).map(
        ([name, value]) => `<Tag><Key>${name}</Key><Value>${value}</Value></Tag>`,
      );
      const body = Buffer.from(`<Tagging><TagSet>${set.join('')}</TagSet></Tagging>`);
      await ask({ method: 'PUT', bucket, key, query: { tagging: '', versionId }, body });
    },
    async get(bucket, key) {
      const { status, body } = await root.send({ method: 'GET', bucket, key, deadlineMs: 30_000 });
      return status === 200 ? body : undefined;
    },
  };
}
