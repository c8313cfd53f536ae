/**
 * Takes a version's content in pieces of wanted sizes, and proves at the end that it was the source's: as long as
 * the source said, and with its MD5 where its ETag is one.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { RetryableError } from '../../functions/errors.ts';
import type { Content } from '../../functions/ports.ts';

export interface VerifiedReader {
  /** Exactly so many bytes. Throws RetryableError if there are fewer. */
  take(bytes: number): Promise<Buffer>;
  /** Fills it; tells the CRC-32, which costs least while a piece is at hand. Throws RetryableError as take() does. */
  fill(whole: Buffer): Promise<number>;
  /** The rest, in the pieces in which it comes. Throws as verify() does. */
  rest(): AsyncGenerator<Uint8Array>;
  /** Passes over so many bytes, unread where that can be. */
  skip(bytes: number): void;
  /** Throws WrongContentError if there is more, or if the content was not the source's. */
  verify(): Promise<void>;
  /** Lets go of what was not taken. */
  close(): void;
}

/** What came is not what the source says it holds. */
export class WrongContentError extends RetryableError {}

const plainMd5 = /^[0-9a-f]{32}$/;
const SKIPPED_AT_ONCE = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** The ETag is the content's MD5: not for multipart uploads, nor where a KMS or the client had the key. */
export const isContentMd5 = ({ facts, encryption }: Pick<Content, 'facts' | 'encryption'>): boolean =>
  plainMd5.test(facts.etag) && (encryption === undefined || encryption === 'AES256');

/** Without `hashes` somebody else compares the MD5: the site that is told it with the request. */
export function verifiedReader(content: Content, { hashes = true } = {}): VerifiedReader {
  const { facts } = content;
  const digest = hashes && isContentMd5(content) ? createHash('md5') : undefined;
  let open: Pick<Content, 'chunks' | 'discard'> = content;
  let chunks = open.chunks[Symbol.asyncIterator]();
  let waiting: Uint8Array = NOTHING;
  let taken = 0;
  /** Bytes to pass over before the next are taken. */
  let ahead = 0;

  async function next(most: number): Promise<Uint8Array> {
    if (waiting.length === 0) {
      const chunk = await chunks.next();
      if (chunk.done) throw new RetryableError(`the content ended after ${taken} of ${facts.size} bytes`);
      waiting = chunk.value;
    }
    const piece = waiting.subarray(0, most);
    waiting = waiting.subarray(piece.length);
    taken += piece.length;
    digest?.update(piece);
    return piece;
  }

  async function passOver(): Promise<void> {
    if (digest === undefined && content.from && ahead > SKIPPED_AT_ONCE) {
      open.discard();
      open = await content.from(taken + ahead);
      chunks = open.chunks[Symbol.asyncIterator]();
      waiting = NOTHING;
      taken += ahead;
      ahead = 0;
    }
    while (ahead > 0) ahead -= (await next(ahead)).length;
  }

  async function verify(): Promise<void> {
    if (ahead > 0 && digest === undefined) return;
    await passOver();
    while (waiting.length === 0) {
      const chunk = await chunks.next();
      if (chunk.done) break;
      waiting = chunk.value;
    }
    if (waiting.length > 0) throw new WrongContentError(`the content is longer than its ${facts.size} bytes`);
    const found = digest?.digest('hex');
    if (found !== undefined && found !== facts.etag)
      throw new WrongContentError(`the content's MD5 is ${found}, where the source says ${facts.etag}`);
  }

  return {
    async take(bytes) {
      await passOver();
      if (bytes === 0) return NOTHING;
      const first = await next(bytes);
      if (first.length === bytes) return Buffer.from(first.buffer, first.byteOffset, first.length);
      const whole = Buffer.allocUnsafeSlow(bytes);
      whole.set(first);
      for (let filled = first.length; filled < bytes; ) {
        const piece = await next(bytes - filled);
        whole.set(piece, filled);
        filled += piece.length;
      }
      return whole;
    },
    async fill(whole) {
      await passOver();
      let checksum = 0;
      for (let filled = 0; filled < whole.length; ) {
        const piece = await next(whole.length - filled);
        whole.set(piece, filled);
        checksum = crc32(piece, checksum);
        filled += piece.length;
      }
      return checksum;
    },
    async *rest() {
      await passOver();
      while (taken < facts.size) yield await next(facts.size - taken);
      await verify();
    },
    skip(bytes) {
      ahead += bytes;
    },
    verify,
    close: () => open.discard(),
  };
}
