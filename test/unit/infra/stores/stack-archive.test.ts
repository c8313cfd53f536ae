/** The container of a stack: what goes in comes out, and nothing else is taken for one. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { mostStacked } from '../../../../events/stack-events.ts';
import type { StackEntry } from '../../../../functions/ports.ts';
import { archiveOf, packStack, unpackStack } from '../../../../infra/stores/stack-archive.ts';
import { tar } from '../../../../infra/stores/tar.ts';
import { ArchiveError, untar } from '../../../../infra/stores/untar.ts';
import { plainFacts } from '../../../contract/store/fixture.ts';

const bucket = 'photos';
const entryOf = (key: string, body: Buffer): StackEntry => ({
  ref: { bucket, key, versionId: randomUUID() },
  facts: plainFacts(body, { metadata: { latin1: 'Gr\udcfc\udcdfe', lines: 'a\nb' }, legalHold: 'ON' }),
  body,
});

describe('a stack', () => {
  test.each([
    ['compressible', (size: number) => Buffer.alloc(size, 'a')],
    ['incompressible', randomBytes],
  ])('of %s versions comes out as it went in', async (_, make) => {
    const keys = ['a//b', '../x', '/y', 'nul\0', 'lone \ud800', '日本語', 'line\nfeed', 'k'.repeat(1000)];
    const entries = keys.map((key, n) => entryOf(key, make(n * 10_000)));

    const archive = await packStack(entries);

    expect(await unpackStack(archive, bucket)).toEqual(entries);
  });

  test('damaged on its way is none, where that changes what is in it', async () => {
    const entries = [entryOf('a', randomBytes(1000))];
    const { body, bytes } = await packStack(entries);
    for (let at = 0; at < body.length; at += 1) {
      const damaged = Buffer.from(body);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);

      const found = await unpackStack({ body: damaged, bytes }, bucket).catch((error: unknown) => error);

      if (!(found instanceof ArchiveError)) expect(found).toEqual(entries);
    }
  });

  test('of nothing holds nothing', async () => {
    expect(await unpackStack(await packStack([]), bucket)).toEqual([]);
  });

  test('is not unpacked beyond what it says', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
    const archive = { body: bomb, bytes: 1024 * 1024 };

    await expect(unpackStack(archive, bucket)).rejects.toThrow(ArchiveError);
  });

  test('that is shorter than it says is none', async () => {
    const archive = await packStack([entryOf('a', Buffer.from('x'))]);

    await expect(unpackStack({ ...archive, bytes: archive.bytes + 1 }, bucket)).rejects.toThrow(ArchiveError);
  });

  test.each([
    ['no version', {}],
    ['a version without a time', { 'causeway.version': '{"key":"a","versionId":"b","facts":{}}' }],
    ['something else than JSON', { 'causeway.version': '{' }],
  ])('whose entry says %s is refused', async (_, records) => {
    const archive = await archiveOf(tar([{ name: 'a', body: Buffer.from('x'), records }]));

    await expect(unpackStack(archive, bucket)).rejects.toThrow('does not say which version it is');
  });

  test.each([
    ['headers', { 'x-amz-copy-source': 'secret/key' }],
    ['headers', { 'X-Amz-Meta-Snowball-Auto-Extract': 'true' }],
    ['headers', { 'x-minio-meta-a b': 'x' }],
    ['metadata', { 'Snowball-Auto-Extract': 'true' }],
    ['metadata', { 'a: b': 'x' }],
  ])('whose entry has %s that would be others of the request: %j', async (field, names) => {
    const { ref, facts, body } = entryOf('a', Buffer.from('x'));
    const archive = await packStack([{ ref, facts: { ...facts, [field]: names }, body }]);

    await expect(unpackStack(archive, bucket)).rejects.toThrow('headers that no version has');
  });

  test('of more entries than one may have is refused', async () => {
    const entries = Array.from({ length: mostStacked + 1 }, (_, n) => entryOf(`${n}`, Buffer.alloc(0)));

    await expect(unpackStack(await packStack(entries), bucket)).rejects.toThrow('1024 entries at most');
  });

  test('that wants a window of more than 8 MiB is refused', async () => {
    const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } });
    const archive = tar([{ name: 'a', body: Buffer.alloc(200), records: {} }]);
    const body = await buffer(Readable.from([archive]).pipe(stream));

    const unpacked = unpackStack({ body, bytes: archive.length }, bucket);

    await expect(unpacked).rejects.toThrow('not zstd');
  });

  test('whose entry is not as long as its version is refused', async () => {
    const { ref, facts, body } = entryOf('a', Buffer.from('x'));
    const archive = await packStack([{ ref, facts: { ...facts, size: 2 }, body }]);

    await expect(unpackStack(archive, bucket)).rejects.toThrow('not as long as it says');
  });
});

describe('an archive', () => {
  const body = Buffer.from('content');
  const good = (): Buffer => tar([{ name: 'a', body, records: { one: '1' } }]);

  test('has its entries’ contents and records', () => {
    expect(untar(good())).toEqual([{ body, records: { path: 'a', one: '1' } }]);
  });

  test.each<[string, (archive: Buffer) => Buffer]>([
    ['a header with another checksum', (archive) => archive.fill('x', 0, 3)],
    ['an end within a header', (archive) => archive.subarray(0, 2 * 512 + 100)],
    ['a block of zeros', (archive) => Buffer.concat([archive, Buffer.alloc(512)])],
    ['an end within a content', (archive) => archive.subarray(0, 3 * 512 + 3)],
    ['no PAX header', (archive) => archive.subarray(2 * 512)],
    [
      'a PAX header without an entry',
      (archive) => Buffer.concat([archive.subarray(0, 1024), Buffer.alloc(512)]),
    ],
    ['a damaged PAX record', (archive) => archive.fill('9', 512, 514)],
  ])('with %s is none', (_, damage) => {
    expect(() => untar(damage(good()))).toThrow(ArchiveError);
  });

  test('cut anywhere, or with any byte changed, never breaks more than itself', () => {
    const archive = good();
    for (let at = 0; at < archive.length; at += 7) {
      const changed = Buffer.from(archive);
      changed.writeUInt8((changed.readUInt8(at) + 1) % 256, at);
      for (const tried of [changed, archive.subarray(0, at)]) {
        try {
          untar(tried);
        } catch (error) {
          expect(error).toBeInstanceOf(ArchiveError);
        }
      }
    }
  });
});
