/** Large versions at a real MinIO: what is stored of one that did not get through, the next attempt does not send again. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import type { Content } from '../../functions/ports.ts';
import type { BegunUpload, Resume } from '../../functions/uploads.ts';
import { WrongContentError } from '../../infra/stores/verified-reader.ts';
import type { WireRequest } from '../../infra/stores/wire.ts';
import { textOf } from '../../infra/stores/xml.ts';
import { bodyOf, MEBIBYTE, md5, newKey, newRef } from './store/fixture.ts';
import { type MinioFixture, minioFixture } from './store/minio-fixture.ts';

const partSize = 5 * MEBIBYTE;
const body = randomBytes(8 * partSize - 3);
let fixture: MinioFixture;
let source: VersionRef;
let target: VersionRef;
let resume: Resume & { readonly upload: BegunUpload | undefined; isOver: boolean };
/** Where reading began again. */
let offsets: number[];

beforeAll(async () => {
  fixture = await minioFixture();
});
afterAll(() => fixture?.close());

beforeEach(async () => {
  source = await fixture.user.put('versioned', newKey('film'), body, { partSize });
  target = newRef('versioned', newKey('copy'));
  offsets = [];
  resume = {
    upload: undefined,
    isOver: false,
    begun: async () => resume.upload,
    hold: async (upload) => void Object.assign(resume, { upload }),
    forget: async () => void Object.assign(resume, { upload: undefined }),
    isTimeOver: () => resume.isOver,
  };
});

async function ask(request: Omit<WireRequest, 'deadlineMs'>): Promise<string> {
  const answer = await fixture.root.send({ ...request, deadlineMs: 30_000 });
  expect([answer.status, answer.body.toString()]).toEqual([expect.toBeOneOf([200, 204]), expect.anything()]);
  return answer.body.toString();
}

const at = (ref: VersionRef, query: Record<string, string>) => ({ bucket: ref.bucket, key: ref.key, query });
const uploadId = (): string => resume.upload?.uploadId ?? '';

/** Number and time of each part that is stored. */
async function parts(): Promise<string[]> {
  const listed = await ask({ ...at(target, { uploadId: uploadId() }), method: 'GET' });
  return [...listed.matchAll(/<PartNumber>(\d+)<\/PartNumber><LastModified>(.*?)</g)].map(
    ([, number, time]) => `${number} ${time}`,
  );
}

const uploads = async (): Promise<string> =>
  ask({ ...at(target, { uploads: '', prefix: target.key }), key: '', method: 'GET' });

/** The source's content, which breaks off after so many bytes, once. */
async function opened(breakAfter = Number.POSITIVE_INFINITY): Promise<Content> {
  const content = await fixture.store.read(source);
  if (!content?.from) throw new Error('absent');
  const { from } = content;
  async function* breaking() {
    let left = breakAfter;
    for await (const chunk of content?.chunks ?? []) {
      left -= chunk.length;
      if (left < 0) throw new Error('the source went away');
      yield chunk;
    }
  }
  return {
    ...content,
    chunks: breaking(),
    from: (offset) => {
      offsets.push(offset);
      return from(offset);
    },
  };
}

const breakOff = async (bytes: number): Promise<void> => {
  await expect(fixture.store.write(target, await opened(bytes), resume)).rejects.toThrow('went away');
};

async function expectArrived(wanted = body): Promise<void> {
  expect(Buffer.compare(await bodyOf(await fixture.store.read(target)), wanted)).toBe(0);
  const [there, here] = [await fixture.store.look(target), await fixture.store.look(source)];
  expect(there).toMatchObject({ state: 'object', replica: true });
  if (there.state === 'object' && here.state === 'object') expect(there.facts.etag).toBe(here.facts.etag);
  expect([await uploads(), resume.upload]).toEqual([expect.not.stringContaining('<UploadId>'), undefined]);
}

describe('an upload that broke off', () => {
  test('goes on behind the parts that are there, which are not sent again', async () => {
    await breakOff(5.5 * partSize);
    const [before, id] = [await parts(), uploadId()];
    resume.isOver = true;
    expect(await fixture.store.write(target, await opened(), resume)).toBe('unfinished');
    const after = await parts();
    resume.isOver = false;
    expect(await fixture.store.write(target, await opened(), resume)).toBe('written');

    expect(before.map((part) => part.split(' ')[0])).toEqual(['1', '2', '3', '4', '5']);
    expect(after.slice(0, 5)).toEqual(before);
    expect([offsets, id]).toEqual([[5 * partSize, 6 * partSize], expect.stringMatching(/./)]);
    await expectArrived();
  });

  test('sends what lies between the parts that are there', async () => {
    await breakOff(2.5 * partSize);
    await putPart(6, body.subarray(5 * partSize, 6 * partSize));

    expect(await fixture.store.write(target, await opened(), resume)).toBe('written');

    expect(offsets).toEqual([2 * partSize, 6 * partSize]);
    await expectArrived();
  });

  test('is not completed with a part that is not the source’s: it goes, and the next attempt sends all', async () => {
    await breakOff(2.5 * partSize);
    await putPart(2, randomBytes(partSize));

    await expect(fixture.store.write(target, await opened(), resume)).rejects.toThrow(WrongContentError);

    expect(await fixture.store.look(target)).toEqual({ state: 'absent', missing: 'version' });
    expect(await uploads()).not.toContain('<UploadId>');
    expect(await fixture.store.write(target, await opened(), resume)).toBe('written');
    await expectArrived();
  });

  test('sends a part again that has another size', async () => {
    await breakOff(2.5 * partSize);
    await putPart(2, randomBytes(partSize - 1));

    expect(await fixture.store.write(target, await opened(), resume)).toBe('written');
    await expectArrived();
  });

  test('begins anew where the site does not know it any more', async () => {
    await breakOff(2.5 * partSize);
    await ask({ ...at(target, { uploadId: uploadId() }), method: 'DELETE' });

    expect(await fixture.store.write(target, await opened(), resume)).toBe('written');
    await expectArrived();
  });

  test('begins anew, and leaves nothing, where it was told of other facts', async () => {
    await breakOff(2.5 * partSize);
    const content = await opened();
    const facts = { ...content.facts, metadata: { changed: 'yes' } };

    expect(await fixture.store.write(target, { ...content, facts }, resume)).toBe('written');

    expect(await fixture.store.look(target)).toMatchObject({ facts: { metadata: { changed: 'yes' } } });
    await expectArrived();
  });

  test('leaves nothing when it is abandoned, however often', async () => {
    await breakOff(2.5 * partSize);
    if (!resume.upload) throw new Error('nothing was begun');
    expect(await uploads()).toContain('<UploadId>');

    await fixture.store.abandon(target, resume.upload);
    await fixture.store.abandon(target, resume.upload);

    expect(await uploads()).not.toContain('<UploadId>');
  });
});

test('in slices, each stores more than there was, and the last one makes the version', async () => {
  resume.isOver = true;
  const counts: number[] = [];
  let outcome = await fixture.store.write(target, await opened(), resume);
  while (outcome === 'unfinished') {
    counts.push((await parts()).length);
    expect(await fixture.store.look(target)).toMatchObject({ state: 'absent' });
    outcome = await fixture.store.write(target, await opened(), resume);
  }

  expect(outcome).toBe('written');
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7]);
  await expectArrived();
});

describe('a large version that was put in one piece', () => {
  const whole = randomBytes(65 * MEBIBYTE);
  const large = 16 * MEBIBYTE;

  beforeEach(async () => {
    source = await fixture.user.put('versioned', newKey('disk'), whole);
  });

  test('goes on where it was, and keeps its ETag', async () => {
    await breakOff(2.5 * large);
    const before = await parts();
    resume.isOver = true;
    expect(await fixture.store.write(target, await opened(), resume)).toBe('unfinished');
    const after = await parts();
    resume.isOver = false;
    expect(await fixture.store.write(target, await opened(), resume)).toBe('written');

    expect([before.length, after.length, after.slice(0, 2)]).toEqual([2, 3, before]);
    await expectArrived(whole);
  });

  test('sends a stored part again that is not the source’s', async () => {
    await breakOff(2.5 * large);
    await putPart(2, randomBytes(large));

    expect(await fixture.store.write(target, await opened(), resume)).toBe('written');
    await expectArrived(whole);
  });

  test('is not completed with what the source does not hold', async () => {
    const content = await opened();
    const facts = { ...content.facts, etag: md5(body) };

    await expect(fixture.store.write(target, { ...content, facts }, resume)).rejects.toThrow(
      WrongContentError,
    );

    expect(await fixture.store.look(target)).toEqual({ state: 'absent', missing: 'version' });
    expect(await uploads()).not.toContain('<UploadId>');
  });
});

test('what its source cut unevenly arrives too', async () => {
  const sizes = [6, 6, 5, 6].map((size) => size * MEBIBYTE);
  const whole = body.subarray(0, 23 * MEBIBYTE);
  const key = newKey('uneven');
  const begun = await ask({ method: 'POST', bucket: 'versioned', key, query: { uploads: '' } });
  const id = textOf(begun, 'UploadId') ?? '';
  let [from, xml] = [0, ''];
  for (const [index, size] of sizes.entries()) {
    const query = { uploadId: id, partNumber: String(index + 1) };
    const part = {
      method: 'PUT',
      bucket: 'versioned',
      key,
      query,
      body: whole.subarray(from, from + size),
    } as const;
    const { headers } = await fixture.root.send({ ...part, deadlineMs: 30_000 });
    xml += `<Part><PartNumber>${index + 1}</PartNumber><ETag>${headers.etag}</ETag></Part>`;
    from += size;
  }
  const completion = Buffer.from(`<CompleteMultipartUpload>${xml}</CompleteMultipartUpload>`);
  await ask({ method: 'POST', bucket: 'versioned', key, query: { uploadId: id }, body: completion });
  const [line] = (await fixture.store.list('versioned', { prefix: key, limit: 1 })).versions;
  source = { bucket: 'versioned', key, versionId: line?.versionId ?? '' };

  expect(await fixture.store.write(target, await opened())).toBe('written');

  expect(Buffer.compare(await bodyOf(await fixture.store.read(target)), whole)).toBe(0);
  expect(await fixture.store.look(target)).toMatchObject({ facts: { etag: line?.etag } });
});

test('MinIO verifies a part’s CRC32', async () => {
  const begun = await ask({ ...at(target, { uploads: '' }), method: 'POST' });
  const id = textOf(begun, 'UploadId') ?? '';
  const part = {
    ...at(target, { uploadId: id, partNumber: '1' }),
    method: 'PUT',
    body: body.subarray(0, 10),
  } as const;

  const answer = await fixture.root.send({
    ...part,
    headers: { 'x-amz-checksum-crc32': Buffer.alloc(4).toString('base64') },
    deadlineMs: 10_000,
  });

  expect([answer.status, answer.body.toString()]).toEqual([
    400,
    expect.stringContaining('XAmzContentChecksumMismatch'),
  ]);
  await ask({ ...at(target, { uploadId: id }), method: 'DELETE' });
});

async function putPart(number: number, content: Uint8Array): Promise<void> {
  await ask({
    ...at(target, { uploadId: uploadId(), partNumber: String(number) }),
    method: 'PUT',
    body: content,
  });
}
