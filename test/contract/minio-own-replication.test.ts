/** Buckets that MinIO itself replicates as well, as they are while somebody changes over to Causeway. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../functions/replication/digest.ts';
import { environment } from '../../infra/config/env.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import type { MinioServer } from '../../infra/sites/minio-server.ts';
import { bytes, contentOf, md5, newKey, newRef, plainFacts } from './store/fixture.ts';
import { type MinioFixture, minioFixture } from './store/minio-fixture.ts';

const hello = bytes('hello');
let here: MinioFixture;
let peer: MinioFixture;

beforeAll(async () => {
  [here, peer] = await Promise.all([minioFixture(), minioFixture()]);
  const mc = await findBinary('mc', environment, console.error);
  const config = await mkdtemp(join(tmpdir(), 'causeway-mc-'));
  const run = (...args: string[]) => promisify(execFile)(mc, ['--config-dir', config, ...args]);
  const { server } = here;
  await run('alias', 'set', 'here', server.endpoint, server.rootUser, server.rootPassword);
  await run(
    ...['replicate', 'add', 'here/versioned', '--remote-bucket', urlOf(peer.server)],
    ...['--replicate', 'delete,delete-marker,existing-objects'],
  );
  await rm(config, { recursive: true });
});

const urlOf = ({ host, port, rootUser, rootPassword }: MinioServer): string =>
  `http://${rootUser}:${rootPassword}@${host}:${port}/versioned`;

afterAll(() => Promise.all([here?.close(), peer?.close()]));

test('what only the peer has is absent here, though MinIO would fetch it', async () => {
  const ref = await peer.user.put('versioned', newKey('theirs'), hello);
  const { status } = await here.root.send({
    method: 'HEAD',
    bucket: ref.bucket,
    key: ref.key,
    query: { versionId: ref.versionId },
    deadlineMs: 10_000,
  });
  expect(status).toBe(200);

  expect(await here.store.look(ref)).toEqual({ state: 'absent', missing: 'version' });
  expect(await here.store.read(ref)).toBeUndefined();
  await expect(here.store.setMetadata(ref, { tags: { a: '1' } })).rejects.toThrow('does not hold');
});

test('a replica that Causeway writes is not sent on by MinIO', async () => {
  const body = randomBytes(300 * 1024);
  const written = newRef('versioned', newKey('ours'));
  await here.store.write(written, contentOf(body));
  const { copying } = here.store;
  const copied = [md5(body), `${md5(body)}-2`].map((etag) => ({
    ref: newRef('versioned', newKey('ours')),
    etag,
  }));
  for (const { ref, etag } of copied) {
    const digest = await digestOf(contentOf(body), copying?.pieceBytes({ etag }));
    const from = { ...written, etag: md5(body) };
    if (digest) expect(await copying?.copy(ref, plainFacts(body, { etag }), from, digest)).toBe('written');
  }

  const refs = [written, ...copied.map(({ ref }) => ref)];
  for (const ref of refs) {
    expect(await here.store.look(ref)).toMatchObject({ state: 'object', replica: true });
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const ref of refs) expect(await peer.store.look(ref)).toMatchObject({ state: 'absent' });
});

test('a version that was purged here, and not yet at the peer, is absent', async () => {
  const ref = await here.user.put('versioned', newKey('purged'), hello);
  await expect.poll(() => peer.store.look(ref), { timeout: 20_000 }).toMatchObject({ state: 'object' });
  expect(await here.store.look(ref)).toMatchObject({ state: 'object', replica: false });
  await peer.server.kill();

  await here.user.deleteVersion(ref);

  const { status, headers } = await here.root.send({
    method: 'HEAD',
    bucket: ref.bucket,
    key: ref.key,
    query: { versionId: ref.versionId },
    deadlineMs: 10_000,
  });
  expect([status, headers['x-amz-delete-marker']]).toEqual([405, 'true']);
  expect(await here.store.look(ref)).toEqual({ state: 'absent', missing: 'version' });
  expect(await here.store.read(ref)).toBeUndefined();
});
