/**
 * The parts of an upload to MinIO: some at once, each with a checksum that MinIO verifies, none of them sent that it
 * has already. At the end what it has must be the source's content.
 */
import { hash } from 'node:crypto';
import type { VersionRef } from '../../events/object-events.ts';
import { RetryableError } from '../../functions/errors.ts';
import type { Content } from '../../functions/ports.ts';
import type { Resume } from '../../functions/uploads.ts';
import { type Cut, etagOfParts, isInParts, isSourcesCut } from './minio-cut.ts';
import { encryptionOf, unquoted } from './minio-facts.ts';
import { at, type Means, REPLICATION } from './minio-replica.ts';
import { giveBuffer, takeBuffer } from './part-buffers.ts';
import { isContentMd5, verifiedReader, WrongContentError } from './verified-reader.ts';
import type { Answer, WireRequest } from './wire.ts';
import { scan, textOf } from './xml.ts';

const PARTS_AT_ONCE = 4;
const LISTED_AT_ONCE = 1000;

export interface Upload {
  readonly uploadId: string;
  readonly cut: Cut;
  /** ETags of the parts that are there, by their numbers. */
  readonly stored: ReadonlyMap<number, string>;
}

/** The site does not know the upload (any more). */
export class LostUploadError extends RetryableError {}

/** The site encrypts it: then only what was an upload in parts at its source may be one there. */
export class EncryptedPartError extends RetryableError {}

/** Returns the parts' ETags in order; undefined when the time was over before all were there. */
export async function sendParts(
  means: Means,
  ref: VersionRef,
  content: Content,
  upload: Upload,
  resume: Pick<Resume, 'isTimeOver'> | undefined,
): Promise<readonly string[] | undefined> {
  const { cut, stored } = upload;
  const reader = verifiedReader(content);
  /** Of what is there, too: no less gives the MD5 of the whole. */
  const isReadWhole = isContentMd5(content);
  const etags: string[] = [];
  const underWay = new Set<Promise<void>>();
  let firstMd5 = '';
  let sent = 0;
  let failed: { readonly error: unknown } | undefined;
  let isOver = false;

  async function send(number: number, bytes: number, known: string | undefined): Promise<void> {
    while (underWay.size >= PARTS_AT_ONCE) await Promise.race(underWay);
    const release = await means.budget.take(bytes);
    const buffer = takeBuffer(bytes);
    const body = buffer.subarray(0, bytes);
    const checksum = await reader.fill(body).catch((error: unknown) => {
      release();
      throw error;
    });
    const md5 = number === 1 || known !== undefined ? hash('md5', body) : '';
    if (number === 1) firstMd5 = md5;
    const isThere = known !== undefined && known === md5;
    if (!isThere) sent += 1;
    const sending = isThere
      ? Promise.resolve(md5)
      : sendPart(means, ref, content, upload, { number, body, checksum });
    const part = sending
      .then((etag) => {
        etags[number - 1] = etag;
        giveBuffer(buffer);
      })
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => {
        release();
        underWay.delete(part);
      });
    underWay.add(part);
  }

  try {
    for (let number = 1; number <= cut.count && !failed; number++) {
      const bytes = sizeOf(content, cut, number);
      const known = stored.get(number);
      // The first is read in any case: it tells what the ETags are.
      if (known !== undefined && number > 1 && !isReadWhole) {
        etags[number - 1] = known;
        reader.skip(bytes);
        continue;
      }
      isOver = sent > 0 && resume !== undefined && resume.isTimeOver();
      if (isOver) break;
      await send(number, bytes, known);
    }
    if (!failed && !isOver) await reader.verify();
  } finally {
    await Promise.all(underWay);
    reader.close();
  }
  if (failed) throw failed.error;
  if (isOver) return undefined;
  // With a KMS, or where a server is told to save the work, an ETag says nothing of the content.
  if (cut.isSources && etags[0] === firstMd5) await prove(content, cut, etags);
  return etags;
}

const sizeOf = ({ facts }: Content, { partSize }: Cut, number: number): number =>
  Math.min(partSize, facts.size - (number - 1) * partSize);

async function prove(content: Content, cut: Cut, etags: readonly string[]): Promise<void> {
  const found = etagOfParts(etags);
  if (found === content.facts.etag || !(await isSourcesCut(content, cut))) return;
  throw new WrongContentError(
    `the parts' MD5s make the ETag ${found}, where the source says ${content.facts.etag}`,
  );
}

async function sendPart(
  { wire, deadlines }: Means,
  ref: VersionRef,
  content: Content,
  { uploadId }: Upload,
  { number, body, checksum }: { readonly number: number; readonly body: Buffer; readonly checksum: number },
): Promise<string> {
  const crc32 = Buffer.alloc(4);
  crc32.writeUInt32BE(checksum);
  const request: WireRequest = {
    ...at(ref, { partNumber: String(number), uploadId }),
    method: 'PUT',
    headers: { ...REPLICATION, 'x-amz-checksum-crc32': crc32.toString('base64') },
    body,
    deadlineMs: deadlines.putMs,
  };
  const answer = await wire.send(request);
  if (isLost(answer)) throw new LostUploadError(`site ${wire.site}: the upload of ${ref.key} is gone`);
  if (answer.status !== 200) throw await wire.refusal(request, answer);
  if (!isInParts(content.facts) && encryptionOf(answer.headers) !== undefined)
    throw new EncryptedPartError(`site ${wire.site} encrypts what is put into ${ref.bucket}`);
  return unquoted(answer.headers.etag ?? '');
}

const isLost = ({ status, body }: Answer): boolean =>
  status === 404 && textOf(body.toString('utf8'), 'Code') === 'NoSuchUpload';

/** Those that are as large as they are to be; undefined where the site does not know the upload. */
export async function storedParts(
  { wire, deadlines }: Means,
  ref: VersionRef,
  content: Content,
  { uploadId, cut }: Omit<Upload, 'stored'>,
): Promise<Map<number, string> | undefined> {
  const found = new Map<number, string>();
  for (let after = 0; ; ) {
    const request: WireRequest = {
      ...at(ref, {
        uploadId,
        'max-parts': String(LISTED_AT_ONCE),
        ...(after > 0 && { 'part-number-marker': String(after) }),
      }),
      method: 'GET',
      deadlineMs: deadlines.requestMs,
    };
    const answer = await wire.send(request);
    if (isLost(answer)) return undefined;
    if (answer.status !== 200) throw await wire.refusal(request, answer);
    const page = parsePage(answer.body.toString('utf8'));
    for (const { number, size, etag } of page) {
      if (number <= cut.count && size === sizeOf(content, cut, number)) found.set(number, etag);
    }
    const last = page.at(-1)?.number ?? 0;
    if (page.length < LISTED_AT_ONCE || last <= after) return found;
    after = last;
  }
}

function parsePage(xml: string): { number: number; size: number; etag: string }[] {
  const parts: { number: number; size: number; etag: string }[] = [];
  let leaves: Record<string, string> | undefined;
  scan(xml, {
    open(name) {
      if (name === 'Part') leaves = {};
    },
    leaf(name, text) {
      if (leaves) leaves[name] = text;
    },
    close(name) {
      if (name !== 'Part' || !leaves) return;
      const { PartNumber, Size, ETag = '' } = leaves;
      parts.push({ number: Number(PartNumber), size: Number(Size), etag: unquoted(ETag) });
      leaves = undefined;
    },
  });
  return parts;
}
