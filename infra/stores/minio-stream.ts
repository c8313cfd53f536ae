/**
 * Writing a replica to MinIO in one PUT whose body is streamed, for what is too large to hold and was no multipart
 * upload at its source. It may not become one: where MinIO encrypts, it takes an object in parts with a 32-digit
 * ETag for one in one piece, and cannot decrypt it (ObjectInfo.isMultipart, cmd/encryption-v1.go).
 *
 * Where the source's ETag is the content's MD5, MinIO is told it and takes nothing else. Otherwise the body is chunked
 * as SigV4 has it for unsigned payloads with a trailing checksum
 * (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html).
 */
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { VersionRef } from '../../events/object-events.ts';
import type { Content } from '../../functions/ports.ts';
import { attributeHeaders } from './minio-facts.ts';
import { create, type Means, type Outcome, REPLICA, versionOf } from './minio-replica.ts';
import { UNSIGNED_PAYLOAD } from './signature.ts';
import { isContentMd5, verifiedReader } from './verified-reader.ts';

const PIECE = 1024 * 1024;
/** What waits in this process: a piece read, one on its way out, and what the socket holds. */
const HELD = 4 * PIECE;
const TRAILER = 'x-amz-checksum-crc32';
const CRC32_BASE64 = 8;

export async function putStream(means: Means, ref: VersionRef, content: Content): Promise<Outcome> {
  const { facts } = content;
  const release = await means.budget.take(HELD);
  let broken: { readonly error: unknown } | undefined;
  const { headers, pieces } = isContentMd5(content) ? asItIs(content) : chunked(content);

  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces;
    } catch (error) {
      broken = { error };
      throw error;
    }
  }

  try {
    const { outcome } = await create(means, ref, facts, {
      ...versionOf(ref),
      method: 'PUT',
      headers: {
        ...REPLICA,
        ...headers,
        'x-minio-source-mtime': facts.modified,
        'x-minio-source-etag': facts.etag,
      },
      body: Readable.from(body(), { objectMode: false, highWaterMark: PIECE }),
      deadlineMs: means.deadlines.putMs,
    });
    return outcome;
  } catch (error) {
    throw broken ? broken.error : error;
  } finally {
    release();
  }
}

interface Payload {
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: AsyncIterable<Uint8Array>;
}

function asItIs(content: Content): Payload {
  const { facts } = content;
  return {
    headers: {
      ...attributeHeaders(facts),
      'content-length': String(facts.size),
      'content-md5': Buffer.from(facts.etag, 'hex').toString('base64'),
      'x-amz-content-sha256': UNSIGNED_PAYLOAD,
    },
    pieces: verifiedReader(content, { hashes: false }).rest(),
  };
}

function chunked(content: Content): Payload {
  const { size } = content.facts;
  const { 'content-encoding': encoding, ...headers } = attributeHeaders(content.facts);
  return {
    headers: {
      ...headers,
      // MinIO takes aws-chunked off again.
      'content-encoding': encoding ? `aws-chunked,${encoding}` : 'aws-chunked',
      'content-length': String(chunkedLength(size)),
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': String(size),
      'x-amz-trailer': TRAILER,
    },
    pieces: chunksOf(content),
  };
}

async function* chunksOf(content: Content): AsyncGenerator<Uint8Array> {
  const reader = verifiedReader(content);
  let checksum = 0;
  for (let left = content.facts.size; left > 0; ) {
    const piece = await reader.take(Math.min(PIECE, left));
    left -= piece.length;
    checksum = crc32(piece, checksum);
    yield Buffer.from(`${piece.length.toString(16)}\r\n`);
    yield piece;
    yield Buffer.from('\r\n');
  }
  await reader.verify();
  const base64 = Buffer.alloc(4);
  base64.writeUInt32BE(checksum);
  yield Buffer.from(`0\r\n${TRAILER}:${base64.toString('base64')}\r\n\r\n`);
}

function chunkedLength(size: number): number {
  const chunk = (bytes: number): number => bytes.toString(16).length + bytes + '\r\n\r\n'.length;
  const last = size % PIECE;
  const whole = Math.floor(size / PIECE) * chunk(PIECE);
  return whole + (last > 0 ? chunk(last) : 0) + `0\r\n${TRAILER}:\r\n\r\n`.length + CRC32_BASE64;
}
