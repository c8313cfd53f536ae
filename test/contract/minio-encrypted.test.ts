/** The MinIO store over TLS, and with objects that are encrypted at rest. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import { RetryableError, SiteUnavailableError, TerminalError } from '../../functions/errors.ts';
import { digestOf } from '../../functions/replication/digest.ts';
import { environment } from '../../infra/config/env.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { type ServerProcess, startProcess } from '../../infra/sites/process.ts';
import { openStore, type Store } from '../../infra/stores/index.ts';
import { type Wire, wire } from '../../infra/stores/wire.ts';
import { bodyOf, bytes, contentOf, listed, MEBIBYTE, md5, newKey, newRef } from './store/fixture.ts';
import { deadlines } from './store/minio-fixture.ts';
import { selfSigned } from './store/self-signed.ts';

const hello = bytes('hello');
const credentials = { accessKeyId: 'the-access-key', secretAccessKey: 'the-secret-key' };
const { certificate, privateKey } = selfSigned();

let dir: string;
let server: ServerProcess;
let root: Wire;
let store: Store;
let site: Parameters<typeof openStore>[0];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-tls-'));
  const certs = join(dir, 'certs');
  await mkdir(certs);
  await mkdir(join(dir, 'data'));
  await writeFile(join(certs, 'public.crt'), certificate);
  await writeFile(join(certs, 'private.key'), privateKey);
  const port = await freePort();
  const endpoint = `https://127.0.0.1:${port}`;
  site = {
    site: 'paris',
    endpoint,
    region: 'us-east-1',
    credentials,
    deadlines,
    dialect: 'minio',
    ca: certificate,
  };
  root = wire(site);
  server = await startProcess({
    name: 'MinIO',
    port,
    binary: await findBinary('minio', environment, console.error),
    args: ['server', '--quiet', '--address', `127.0.0.1:${port}`, '--certs-dir', certs, join(dir, 'data')],
    env: {
      HOME: dir,
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_CI_CD: 'on',
      MINIO_KMS_SECRET_KEY: `test-key:${randomBytes(32).toString('base64')}`,
    },
    cwd: dir,
    isReady: async () => (await root.send({ method: 'GET', deadlineMs: 1_000 })).status === 200,
  });
  store = openStore(site);
  for (const bucket of ['plain', 'encrypted', 'kms']) {
    await put(bucket, undefined, '');
    await put(
      bucket,
      { versioning: '' },
      '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
    );
  }
  for (const [bucket, algorithm, keyId] of [
    ['encrypted', 'AES256', ''],
    ['kms', 'aws:kms', '<KMSMasterKeyID>test-key</KMSMasterKeyID>'],
  ] as const) {
    const rule = `<ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${keyId}</ApplyServerSideEncryptionByDefault>`;
    const configuration = `<ServerSideEncryptionConfiguration><Rule>${rule}</Rule></ServerSideEncryptionConfiguration>`;
    await put(bucket, { encryption: '' }, configuration);
  }
});

afterAll(async () => {
  await Promise.all([root?.close(), store?.close()]);
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function put(bucket: string, query: Record<string, string> | undefined, xml: string): Promise<void> {
  const body = Buffer.from(xml);
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
  const answer = await root.send({
    method: 'PUT',
    bucket,
    ...(query && { query }),
    ...(xml && { body, headers }),
    deadlineMs: 10_000,
  });
  if (answer.status !== 200) throw new Error(answer.body.toString());
}

async function putObject(headers: Record<string, string>): Promise<VersionRef> {
  const [bucket, key] = ['plain', newKey('encrypted')];
  const answer = await root.send({ method: 'PUT', bucket, key, headers, body: hello, deadlineMs: 10_000 });
  if (answer.status !== 200) throw new Error(answer.body.toString());
  return { bucket, key, versionId: answer.headers['x-amz-version-id'] ?? '' };
}

describe('TLS', () => {
  test('is trusted by the authority that was named', async () => {
    await store.probe();
    expect(await store.bucket('plain')).toMatchObject({ versioning: 'enabled' });
  });

  test('is not trusted otherwise, and says why', async () => {
    const stranger = openStore({ ...site, ca: undefined });

    const words = /site paris does not answer: .*certificate/;
    await expect(stranger.probe()).rejects.toThrow(words);
    await expect(stranger.bucket('plain')).rejects.toThrow(words);
    await expect(stranger.probe()).rejects.toThrow(SiteUnavailableError);

    await stranger.close();
  });
});

describe('a source that is encrypted', () => {
  test.for([
    ['by the site', 'AES256'],
    ['by a KMS', 'aws:kms'],
  ] as const)('%s is read and written', async ([, algorithm]) => {
    const source = await putObject({ 'x-amz-server-side-encryption': algorithm });

    const look = await store.look(source);
    expect(look).toMatchObject({ state: 'object', encryption: algorithm, facts: { size: 5 } });
    if (look.state !== 'object') return;
    if (algorithm === 'AES256') expect(look.facts.etag).toBe(md5(hello));
    expect((await listed(store, source.bucket, source.key))[0]).toMatchObject({
      etag: look.facts.etag,
      size: 5,
    });

    const content = await store.read(source);
    if (!content) throw new Error('absent');
    const target = newRef('plain', newKey('copy'));
    expect(await store.write(target, content)).toBe('written');
    const copy = await store.look(target);
    expect(copy).toMatchObject({ facts: { etag: look.facts.etag } });
    expect(copy).not.toHaveProperty('encryption');
    expect(await bodyOf(await store.read(target))).toEqual(hello);
  });

  test('by its client’s key is hopeless, in clear words', async () => {
    const key = randomBytes(32);
    const source = await putObject({
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': key.toString('base64'),
      'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(key).digest('base64'),
    });

    const words = /encrypted with a key that only its writer has \(SSE-C\)/;
    await expect(store.look(source)).rejects.toThrow(words);
    await expect(store.read(source)).rejects.toThrow(words);
    await expect(store.look(source)).rejects.toThrow(TerminalError);
  });
});

describe('a target that encrypts', () => {
  const objects = [
    ['a small object', 5, undefined],
    ['a small object with the ETag of parts', 5, '0123456789abcdef0123456789abcdef-2'],
    ['a large object', 17 * MEBIBYTE, undefined],
    ['a large object with the ETag of parts', 17 * MEBIBYTE, '0123456789abcdef0123456789abcdef-2'],
  ] as const;

  describe.for([
    ['encrypted', 'AES256'],
    ['kms', 'aws:kms'],
  ] as const)('in bucket %s', ([bucket, encryption]) => {
    test.for(objects)('keeps the ETag of %s', async ([, size, told]) => {
      const body = randomBytes(size);
      const etag = told ?? md5(body);
      const ref = newRef(bucket, newKey('target'));

      expect(await store.write(ref, contentOf(body, { etag }))).toBe('written');
      expect(await store.write(ref, contentOf(body, { etag }))).toBe('already');

      expect(await store.look(ref)).toMatchObject({ encryption, replica: true, facts: { etag, size } });
      expect((await listed(store, bucket, ref.key))[0]).toMatchObject({ etag, size, replica: true });
      expect(Buffer.compare(await bodyOf(await store.read(ref)), body)).toBe(0);
    });

    test('keeps the ETag of what is large enough for parts', async () => {
      const body = randomBytes(65 * MEBIBYTE);
      const ref = newRef(bucket, newKey('larger'));
      const content = contentOf(body);
      const from = async () => contentOf(body);

      expect(await store.write(ref, { ...content, from })).toBe('written');

      expect(await store.look(ref)).toMatchObject({ encryption, facts: { etag: md5(body) } });
      expect(Buffer.compare(await bodyOf(await store.read(ref)), body)).toBe(0);
    });

    test.for([5, 17 * MEBIBYTE])('takes nothing that is not the source’s %i bytes', async (size) => {
      const ref = newRef(bucket, newKey('wrong'));
      const etag = md5(randomBytes(size));

      await expect(store.write(ref, contentOf(randomBytes(size), { etag }))).rejects.toThrow(RetryableError);

      expect(await store.look(ref)).toEqual({ state: 'absent', missing: 'version' });
    });
  });
});

describe('content that is there already', () => {
  const body = randomBytes(300 * 1024);
  const ofParts = `${md5(body)}-3`;

  async function copied(from: string, to: string, etag: string, store: Store) {
    const { copying } = store;
    const digest = copying && (await digestOf(contentOf(body), copying.pieceBytes({ etag })));
    if (!digest) throw new Error('the store copies nothing');
    const source = { ...newRef(from, newKey('from')), etag: md5(body) };
    await store.write(source, contentOf(body));
    const ref = newRef(to, newKey('to'));
    const { facts } = contentOf(body, { etag });
    const takes = (): boolean => copying.takes(ref, { facts });
    return { ref, takes, answer: takes() ? await copying.copy(ref, facts, source, digest) : 'not taken' };
  }

  test.for([
    ['plain', 'encrypted', md5(body)],
    ['encrypted', 'plain', md5(body)],
    ['kms', 'plain', md5(body)],
    ['plain', 'encrypted', ofParts],
    ['encrypted', 'encrypted', ofParts],
  ] as const)('is copied from bucket %s to bucket %s with ETag %s', async ([from, to, etag]) => {
    const { ref, answer } = await copied(from, to, etag, store);

    expect(answer).toBe('written');
    expect(await store.look(ref)).toMatchObject({ replica: true, facts: { etag, size: body.length } });
    expect(Buffer.compare(await bodyOf(await store.read(ref)), body)).toBe(0);
  });

  test.for([md5(body), ofParts])(
    'is not copied to where a KMS hides what it is (ETag %s); that is found out once',
    async (etag) => {
      const fresh = openStore(site);

      const { ref, answer, takes } = await copied('plain', 'kms', etag, fresh);

      expect(answer).toBeUndefined();
      expect(await fresh.look(ref)).toEqual({ state: 'absent', missing: 'version' });
      expect(takes()).toBe(false);
      expect((await copied('encrypted', 'plain', etag, fresh)).answer).toBe('written');
      await fresh.close();
    },
  );
});
