/**
 * The container of a stack: a tar in one frame of zstd (RFC 8878), whose checksum whoever unpacks it verifies. What a
 * receiver unpacks says of each entry all that there is to know, as JSON in one record of its PAX header; whatever does
 * not look like what is written here is refused, and no more is unpacked than was announced.
 */
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { mostStacked, stackedSchema } from '../../events/stack-events.ts';
import type { StackEntry } from '../../functions/ports.ts';
import { areFacts } from './minio-facts.ts';
import { mostStackBytes } from './store-options.ts';
import { tar } from './tar.ts';
import { ArchiveError, untar } from './untar.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** MinIO refuses high levels and large windows; the first level keeps up with any link. */
const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };
/** What does not compress grows by three bytes of each 128 KiB, and a header. */
const mostPacked = (bytes: number): number => bytes + (bytes >> 8) + 1024;
/** As a target of MinIO's takes it: what unpacks holds no more than 8 MiB beside the content. */
const window = { [constants.ZSTD_d_windowLogMax]: 23 };

const record = 'causeway.version';

/** Of the archive: the contents of a full stack, and what is said of them. */
export const mostArchiveBytes = mostStackBytes + 16 * 1024 * 1024;

export const archiveType = 'application/zstd';

export interface Archive {
  readonly body: Buffer;
  /** Uncompressed. */
  readonly bytes: number;
}

export async function archiveOf(archive: Buffer): Promise<Archive> {
  const bytes = archive.length;
  // In one piece: Node's default of 16 KiB costs more than the compression.
  return {
    body: await compress(archive, { params, pledgedSrcSize: bytes, chunkSize: mostPacked(bytes) }),
    bytes,
  };
}

export const packStack = (entries: readonly StackEntry[]): Promise<Archive> =>
  archiveOf(
    tar(
      entries.map(({ ref: { key, versionId }, facts, body }) => ({
        name: 'version',
        body,
        records: { [record]: JSON.stringify({ key, versionId, facts }) },
      })),
    ),
  );

/** Throws ArchiveError for what is no stack, or is larger than it says. */
export async function unpackStack(archive: Archive, bucket: string): Promise<StackEntry[]> {
  const bytes = await uncompressed(archive);
  if (bytes.length !== archive.bytes) {
    throw new ArchiveError(`the archive has ${bytes.length} bytes, not ${archive.bytes}`);
  }
  const entries = untar(bytes);
  if (entries.length > mostStacked) throw new ArchiveError(`a stack has ${mostStacked} entries at most`);
  return entries.map(({ body, records }) => {
    const told = stackedSchema.safeParse(parsed(records[record] ?? ''));
    if (!told.success) throw new ArchiveError(`an entry does not say which version it is`);
    const { key, versionId, facts } = told.data;
    if (!areFacts(facts)) throw new ArchiveError('an entry has headers that no version has');
    if (facts.size !== body.length) throw new ArchiveError(`an entry is not as long as it says`);
    return { ref: { bucket, key, versionId }, facts, body };
  });
}

async function uncompressed({ body, bytes }: Archive): Promise<Buffer> {
  try {
    return await decompress(body, { maxOutputLength: Math.max(bytes, 1), params: window });
  } catch (cause) {
    throw new ArchiveError(`the archive is not zstd of ${bytes} bytes`, { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
