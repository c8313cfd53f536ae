/**
 * Everything that a client can see of a bucket's versions, asked for with the AWS SDK and with nothing of Causeway's:
 * two sites that agree give equal snapshots, in the same order.
 */
import { createHash } from 'node:crypto';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Application } from './application.ts';

export interface ListedLine {
  readonly key: string;
  readonly versionId: string;
  readonly kind: 'object' | 'marker';
  readonly latest: boolean;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly size: number;
  readonly etag: string;
}

export interface Line extends ListedLine {
  readonly content?: Readonly<Record<string, unknown>>;
}

/** In the site's order: by key, the newest first. */
export async function listVersions(
  { client }: Application,
  bucket: string,
  prefix = '',
): Promise<ListedLine[]> {
  const lines: ListedLine[] = [];
  let from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (from) {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(client, bucket, prefix, from);
    const objects = (page.Versions ?? []).map((version) => ({ ...version, kind: 'object' as const }));
    const markers = (page.DeleteMarkers ?? []).map((marker) => ({ ...marker, kind: 'marker' as const }));
    for (const entry of [...objects, ...markers]) {
      const { Key = '', VersionId = '', IsLatest = false, LastModified, kind } = entry;
      lines.push({
        key: decoded(Key),
        versionId: VersionId,
        kind,
        latest: IsLatest,
        modified: LastModified?.getTime() ?? 0,
        size: entry.kind === 'object' ? (entry.Size ?? 0) : 0,
        etag: entry.kind === 'object' ? (entry.ETag ?? '') : '',
      });
    }
    from = page.IsTruncated
      ? { KeyMarker: decoded(page.NextKeyMarker ?? ''), VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }
  return lines.sort(newestFirst);
}

export const versionIds = async (site: Application, bucket: string, prefix = ''): Promise<string[]> =>
  (await listVersions(site, bucket, prefix)).map(({ versionId }) => versionId);

/** Keys come URL-encoded, as XML cannot hold them all; markers too. */
const decoded = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

const listPage = (
  client: S3Client,
  Bucket: string,
  Prefix: string,
  from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined },
) => client.send(new ListObjectVersionsCommand({ Bucket, Prefix, EncodingType: 'url', ...from }));

/** The SDK gives objects and markers apart, so their order among each other is made again from what it tells. */
const newestFirst = (one: ListedLine, other: ListedLine): number =>
  Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)) ||
  Number(other.latest) - Number(one.latest) ||
  other.modified - one.modified;

const readsAtOnce = 8;

/** With the content's hash, all headers, tags and locks of every version that the listing shows. */
export async function snapshot(application: Application, bucket: string, prefix = ''): Promise<Line[]> {
  const lines: Line[] = await listVersions(application, bucket, prefix);
  const indexes = lines.keys();
  async function read(): Promise<void> {
    for (const index of indexes) {
      const line = lines[index];
      if (line?.kind !== 'object') continue;
      lines[index] = { ...line, content: await contentOf(application, { bucket, ...line }) };
    }
  }
  await Promise.all(Array.from({ length: readsAtOnce }, read));
  return lines;
}

/** Also of versions that listings hide. Throws where the site has none. */
export async function contentOf(
  { client }: Application,
  { bucket, key, versionId }: { bucket: string; key: string; versionId: string },
): Promise<Record<string, unknown>> {
  const at = { Bucket: bucket, Key: key, VersionId: versionId };
  const answer = await client.send(new GetObjectCommand(at));
  const { TagSet = [] } = await client.send(new GetObjectTaggingCommand(at));
  const tags = Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]).sort());
  return { ...told(answer), md5: await md5Of(answer), tags };
}

/** What the answer says of the version; not of the request, nor whether it is a replica, nor checksums beside the ETag. */
function told(answer: GetObjectCommandOutput): Record<string, unknown> {
  const { Body: _, $metadata: __, ReplicationStatus: ___, TagCount: ____, ...facts } = answer;
  const { ChecksumCRC32: _____, ChecksumSHA256: ______, ChecksumType: _______, ...kept } = facts;
  return kept;
}

async function md5Of({ Body }: GetObjectCommandOutput): Promise<string> {
  const hash = createHash('md5');
  if (Body) for await (const chunk of Body.transformToWebStream()) hash.update(chunk);
  return hash.digest('hex');
}
