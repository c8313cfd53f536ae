/**
 * How a large version is cut into parts. Where its source cut it evenly, it is cut the same way: the ETag of an upload
 * in parts is the MD5 of its parts' MD5s, so that what the target says of the parts it has proves the whole content.
 */
import { hash } from 'node:crypto';
import type { VersionFacts } from '../../events/object-events.ts';
import type { Content } from '../../functions/ports.ts';

const MEBIBYTE = 1024 * 1024;
/** Up to here an object is one PUT. */
export const PART_SIZE = 16 * MEBIBYTE;
/** Each part is held in memory while it is sent. */
const LARGEST_PART = 32 * MEBIBYTE;
/** What S3 takes but for the last. */
const SMALLEST_PART = 5 * MEBIBYTE;
export const MOST_PARTS = 10_000;
const ASKED_AT_ONCE = 16;

export interface Cut {
  /** Bytes of each part but the last. */
  readonly partSize: number;
  readonly count: number;
  /** It is the source's, as far as its first part tells. */
  readonly isSources: boolean;
}

const etagInParts = /^[0-9a-f]{32}-(\d{1,5})$/;

export const isInParts = ({ etag }: Pick<VersionFacts, 'etag'>): boolean => etag.includes('-');

export async function cutOf({ facts, sizeOfPart }: Content): Promise<Cut> {
  const { size, etag } = facts;
  const count = Number(etagInParts.exec(etag)?.[1] ?? 0);
  const first = count > 0 ? await sizeOfPart?.(1) : undefined;
  if (first !== undefined && first >= SMALLEST_PART && first <= LARGEST_PART) {
    if (Math.ceil(size / first) === count) return { partSize: first, count, isSources: true };
  }
  const partSize = Math.max(PART_SIZE, Math.ceil(size / MOST_PARTS / MEBIBYTE) * MEBIBYTE);
  return { partSize, count: Math.ceil(size / partSize), isSources: false };
}

/** Asks for every part: only where it matters. */
export async function isSourcesCut(
  { facts, sizeOfPart }: Content,
  { partSize, count }: Cut,
): Promise<boolean> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1).values();
  let isSame = true;
  const ask = async (): Promise<void> => {
    for (const number of numbers) {
      const size = number < count ? partSize : facts.size - (count - 1) * partSize;
      if (isSame && (await sizeOfPart?.(number)) !== size) isSame = false;
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask));
  return isSame;
}

/** What S3 makes of an upload in parts. */
export const etagOfParts = (md5s: readonly string[]): string =>
  `${hash('md5', Buffer.from(md5s.join(''), 'hex'), 'hex')}-${md5s.length}`;
