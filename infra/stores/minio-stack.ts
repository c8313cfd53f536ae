/**
 * Many small versions in one request: MinIO's snowball auto-extract (cmd/untar.go, cmd/object-handlers.go) writes each
 * entry of a tar body as an object, with the version ID, time, ETag, headers and tags of its PAX records. With the
 * headers of a replica on the request every entry becomes one and emits no event. A 200 confirms every entry; after a
 * 400 some are written, and repeating the stack is safe.
 *
 * No checksum of the request is verified, since MinIO ends where the tar does. What differs from what was sent is known
 * by the checksum of its zstd, which MinIO reads as long as no end-of-archive marker keeps it from the end: then a 400
 * tells it, and what was written meanwhile is written anew by the repeat.
 *
 * What a stack cannot carry: locks and encryption are settled per request, keys are cleaned as paths.
 */
import type { VersionRef } from '../../events/object-events.ts';
import { toNanoseconds } from '../../events/times.ts';
import type { Content, StackEntry } from '../../functions/ports.ts';
import { tagQuery } from './minio-facts.ts';
import { EXTRACT, type Means, REPLICA } from './minio-replica.ts';
import { archiveOf } from './stack-archive.ts';
import { entryOf, largestEntry, putHalved } from './stack-entry.ts';
import { tar } from './tar.ts';

/** A byte of a header that was no UTF-8 travels as a lone surrogate: a PAX record cannot hold it. */
const loneSurrogate = /\p{Surrogate}/u;

export async function loadEntry(ref: VersionRef, content: Content): Promise<StackEntry | undefined> {
  const { facts } = content;
  if (facts.size > largestEntry || !isStackable(ref, content)) return undefined;
  return entryOf(ref, content);
}

/** Whether a stack brings this version over exactly as a single request would. */
function isStackable({ key }: VersionRef, { facts, encryption }: Content): boolean {
  const isClean = key.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  const texts = [...Object.values(facts.headers), ...Object.values(facts.metadata), key];
  return (
    isClean &&
    encryption === undefined &&
    facts.retention === undefined &&
    facts.legalHold === undefined &&
    !texts.some((text) => loneSurrogate.test(text) || text.includes('\n') || text.includes('\0'))
  );
}

export const putStack = (
  means: Means,
  bucket: string,
  entries: readonly StackEntry[],
): Promise<readonly StackEntry[]> => putHalved(entries, (some) => putArchive(means, bucket, some));

/** Throws as any request does; RefusedError or TerminalError mean that at least one entry was not taken. */
async function putArchive(
  { wire, deadlines }: Means,
  bucket: string,
  entries: readonly StackEntry[],
): Promise<void> {
  const { body } = await archiveOf(tar(entries.map(tarEntry)));
  const request = {
    method: 'PUT',
    bucket,
    key: '.causeway-stack',
    query: {},
    headers: { ...REPLICA, [EXTRACT]: 'true' },
    body,
    deadlineMs: deadlines.putMs,
  } as const;
  const answer = await wire.send(request);
  if (answer.status !== 200) throw await wire.refusal(request, answer);
}

function tarEntry({ ref, facts, body }: StackEntry) {
  const { headers, metadata, tags, modified, etag } = facts;
  const nanoseconds = toNanoseconds(modified);
  const records: Record<string, string> = {
    mtime: `${nanoseconds / 1_000_000_000n}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}`,
    'minio.versionId': ref.versionId,
    'minio.metadata.x-minio-source-etag': etag,
  };
  for (const [name, value] of Object.entries(headers)) records[`minio.metadata.${name}`] = value;
  for (const [name, value] of Object.entries(metadata)) records[`minio.metadata.x-amz-meta-${name}`] = value;
  const query = tagQuery(tags);
  if (query !== '') records['minio.metadata.x-amz-tagging'] = query;
  return { name: ref.key, body, records };
}
