/**
 * The container of a stack: a tar, compressed with zstd where that pays. What a receiver unpacks says of each entry
 * all that there is to know, as JSON in one record of its PAX header; whatever does not look like what is written here
 * is refused, and no more is unpacked than was announced.
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
const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** As a target of MinIO's takes it: what unpacks holds no more than 8 MiB beside the content. */
const window = { [constants.ZSTD_d_windowLogMax]: 23 };

const record = 'causeway.version';

/** Of the archive: the contents of a full stack, and what is said of them. */
export const mostArchiveBytes = mostStackBytes + 16 * 1024 * 1024;

export const archiveTypes = { plain: 'application/x-tar', compressed: 'application/zstd' } as const;

export interface Archive {
  readonly body: Buffer;
  readonly contentType: (typeof archiveTypes)[keyof typeof archiveTypes];
  /** Uncompressed. */
  readonly bytes: number;
}

/** Left alone where it is not compressible. */
export async function archiveOf(archive: Buffer): Promise<Archive> {
  const packed = await compress(archive, zstd);
  const isSmaller = packed.length < 0.9 * archive.length;
  return {
    body: isSmaller ? packed : archive,
    contentType: isSmaller ? archiveTypes.compressed : archiveTypes.plain,
    bytes: archive.length,
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

async function uncompressed({ body, contentType, bytes }: Archive): Promise<Buffer> {
  if (contentType === archiveTypes.plain) return body;
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
