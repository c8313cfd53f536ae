/**
 * Takes a version's content in pieces of wanted sizes, and proves at the end that it was the source's: as long as
 * the source said, and with its MD5 where its ETag is one.
 */
import { createHash } from 'node:crypto';
import { RetryableError } from '../../functions/errors.ts';
import type { Content } from '../../functions/ports.ts';

export interface VerifiedReader {
  /** Exactly so many bytes. Throws RetryableError if there are fewer. */
  take(bytes: number): Promise<Buffer>;
  /** Throws RetryableError if there is more, or if the content was not the source's. */
  verify(): Promise<void>;
}

const plainMd5 = /^[0-9a-f]{32}$/;

/** The ETag is the content's MD5: not for multipart uploads, nor where a KMS or the client had the key. */
export const isContentMd5 = ({ facts, encryption }: Content): boolean =>
  plainMd5.test(facts.etag) && (encryption === undefined || encryption === 'AES256');

export function verifiedReader(content: Content): VerifiedReader {
  const { facts } = content;
  const chunks = content.chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = Buffer.alloc(0);
  let taken = 0;
  const digest = isContentMd5(content) ? createHash('md5') : undefined;

  async function take(bytes: number): Promise<Buffer> {
    let whole: Buffer | undefined;
    let filled = 0;
    while (filled < bytes) {
      if (rest.length === 0) rest = await next();
      const piece = rest.subarray(0, bytes - filled);
      rest = rest.subarray(piece.length);
      if (piece.length === bytes) whole = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      else {
        whole ??= Buffer.allocUnsafeSlow(bytes);
        whole.set(piece, filled);
      }
      filled += piece.length;
      taken += piece.length;
    }
    const result = whole ?? Buffer.alloc(0);
    digest?.update(result);
    return result;
  }

  async function next(): Promise<Uint8Array> {
    const chunk = await chunks.next();
    if (chunk.done) throw new RetryableError(`the content ended after ${taken} of ${facts.size} bytes`);
    return chunk.value;
  }

  async function verify(): Promise<void> {
    while (rest.length === 0) {
      const chunk = await chunks.next();
      if (chunk.done) break;
      rest = chunk.value;
    }
    if (rest.length > 0) throw new RetryableError(`the content is longer than its ${facts.size} bytes`);
    const found = digest?.digest('hex');
    if (found !== undefined && found !== facts.etag)
      throw new RetryableError(`the content's MD5 is ${found}, where the source says ${facts.etag}`);
  }

  return { take, verify };
}
