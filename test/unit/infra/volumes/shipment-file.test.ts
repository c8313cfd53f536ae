/** A shipment passes through, however many files it lists, and what is damaged is told from one that is not. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { RepositoryFile } from '../../../../functions/volume-ports.ts';
import { packed, unpacked } from '../../../../infra/volumes/shipment-file.ts';
import { Bucket } from '../../functions/volumes/bench.ts';

const shipped = new Bucket().before('paris', 'one', '1');
const MEBIBYTE = 1024 * 1024;
/** Of 5 TiB. */
const many = 300_000;

function* numbered(count: number): Generator<RepositoryFile> {
  for (let number = 0; number < count; number++) {
    const hash = createHash('sha256').update(String(number)).digest('hex');
    yield { name: `data/${hash.slice(0, 2)}/${hash}`, size: number };
  }
}
async function* later<Value>(values: Iterable<Value>): AsyncGenerator<Value> {
  yield* values;
}

const pack = (files: Iterable<RepositoryFile>, pieceBytes = MEBIBYTE) =>
  Array.fromAsync(packed(shipped, later(files), pieceBytes));

test('it comes out as it went in', async () => {
  const files = [...numbered(1000)];
  const pieces = await pack(files, 1024);
  expect(pieces.length).toBeGreaterThan(1);

  const read = await unpacked('one', Readable.from(pieces));

  expect(read.shipped).toEqual(shipped);
  expect(await Array.fromAsync(read.files)).toEqual(files);
});

test('one of no files is one piece', async () => {
  const [piece, ...others] = await pack([]);
  expect(others).toEqual([]);

  const { files } = await unpacked('one', Readable.from([piece ?? '']));

  expect(await Array.fromAsync(files)).toEqual([]);
});

test.each([
  ['not compressed', async () => Buffer.from('{}')],
  ['not of lines', async () => gzipSync('words')],
  ['of something else', async () => gzipSync('{"shipped":{}}\n')],
  ['nothing', async () => Buffer.alloc(0)],
])('%s: no shipment', async (_, make) => {
  await expect(unpacked('one', Readable.from([await make()]))).rejects.toThrow('one is no shipment');
});

test('one that ends too early, or lists what is no file, is no shipment', async () => {
  const whole = Buffer.concat(await pack(numbered(1000)));
  const strange = gzipSync(`${gunzipSync(whole)}["data/x",-1]\n`);
  for (const content of [whole.subarray(0, whole.length / 2), strange]) {
    const { files } = await unpacked('one', Readable.from([content]));

    await expect(Array.fromAsync(files)).rejects.toThrow('one is no shipment');
  }
});

test('what is not read to its end is let go of', async () => {
  const stored = Readable.from(await pack(numbered(100_000), 1024));
  const { close } = await unpacked('one', stored);

  await close();

  await expect.poll(() => stored.destroyed).toBe(true);
});

test('of many files few are held at a time', async () => {
  let [taken, count, most] = [0, 0, 0];
  async function* listed(): AsyncGenerator<RepositoryFile> {
    for (const file of numbered(many)) {
      taken += 1;
      yield file;
    }
  }

  const { files } = await unpacked('one', Readable.from(packed(shipped, listed(), MEBIBYTE)));
  for await (const _ of files) {
    count += 1;
    most = Math.max(most, taken - count);
  }

  expect(count).toBe(many);
  // Some pieces of a mebibyte are under way.
  expect(most).toBeLessThan(many / 2);
});
