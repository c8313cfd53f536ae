/**
 * MinIO's extended version listing, `GET bucket?versions&metadata=true` (cmd/api-response.go): one request tells
 * all but the Expires header of a thousand versions. Nested keys are hidden in it: with `a` and `a/b` only `a` is
 * listed.
 */
import { RetryableError } from '../../functions/errors.ts';
import type { ListedVersion, ListPage } from '../../functions/ports.ts';
import { factsOfListing, isReplica, unquoted } from './minio-facts.ts';
import type { Wire, WireRequest } from './wire.ts';
import { scan } from './xml.ts';

export interface Listing {
  readonly prefix: string;
  readonly after?: ListPage['next'];
  readonly limit: number;
  readonly metadata: boolean;
}

const NOTHING: ListPage = { versions: [], next: undefined };

export async function listVersions(
  wire: Wire,
  bucket: string,
  { prefix, after, limit, metadata }: Listing,
  deadlineMs: number,
): Promise<ListPage> {
  const isInside = after?.key.startsWith(prefix);
  // MinIO refuses a marker outside the prefix: before it, all is listed, behind it, nothing.
  if (after && !isInside && Buffer.compare(Buffer.from(after.key), Buffer.from(prefix)) > 0) return NOTHING;
  const request: WireRequest = {
    method: 'GET',
    bucket,
    query: {
      versions: '',
      'encoding-type': 'url',
      'max-keys': String(limit),
      prefix,
      ...(metadata && { metadata: 'true' }),
      ...(after && isInside && { 'key-marker': after.key }),
      ...(after && isInside && after.versionId !== '' && { 'version-id-marker': after.versionId }),
    },
    deadlineMs,
  };
  const answer = await wire.send(request);
  if (answer.status !== 200) throw await wire.refusal(request, answer);
  const page = parsePage(answer.body.toString('utf8'));
  if (page.next && !isBeyond(page.next, after)) {
    throw new RetryableError(
      `site ${wire.site}: the listing of ${bucket} does not go on: after ${JSON.stringify(after?.key ?? '')} ` +
        `comes ${JSON.stringify(page.next.key)}`,
    );
  }
  return page;
}

type Marker = NonNullable<ListPage['next']>;

/** A listing that stood still, or went back, would be walked for ever. */
function isBeyond(next: Marker, after: Marker = { key: '', versionId: '' }): boolean {
  const [key, before] = [keyOf(next), keyOf(after)];
  const order = Buffer.compare(Buffer.from(key), Buffer.from(before));
  return order > 0 || (order === 0 && key !== '' && next.versionId !== after.versionId);
}

/** MinIO writes where its own cache of the listing is behind the key. */
const keyOf = ({ key }: Marker): string => key.replace(/\[minio_cache:[^\]]*\]$/, '');

export function parsePage(xml: string): ListPage {
  const versions: ListedVersion[] = [];
  let entry: Entry | undefined;
  let inMetadata = false;
  const page: Record<string, string> = {};
  scan(xml, {
    open(name) {
      if (name === 'Version' || name === 'DeleteMarker') entry = { leaves: {}, metadata: undefined };
      else if (name === 'UserMetadata') inMetadata = true;
    },
    close(name) {
      if (name === 'UserMetadata') inMetadata = false;
      else if (entry && (name === 'Version' || name === 'DeleteMarker')) {
        versions.push(listed(entry, name === 'DeleteMarker'));
        entry = undefined;
      }
    },
    leaf(name, text) {
      if (!entry) page[name] = text;
      else if (inMetadata) {
        entry.metadata ??= {};
        entry.metadata[name.toLowerCase()] = text;
      } else entry.leaves[name] = text;
    },
  });
  const { IsTruncated, NextKeyMarker = '', NextVersionIdMarker = '' } = page;
  const next =
    IsTruncated === 'true' ? { key: decodeName(NextKeyMarker), versionId: NextVersionIdMarker } : undefined;
  return { versions, next };
}

interface Entry {
  readonly leaves: Record<string, string>;
  metadata: Record<string, string> | undefined;
}

function listed({ leaves, metadata }: Entry, marker: boolean): ListedVersion {
  return {
    key: decodeName(leaves.Key ?? ''),
    versionId: leaves.VersionId ?? 'null',
    marker,
    latest: leaves.IsLatest === 'true',
    modified: leaves.LastModified ?? '',
    size: Number(leaves.Size ?? 0),
    etag: unquoted(leaves.ETag ?? ''),
    // Without the permission to read the object MinIO leaves its metadata out.
    ...(metadata && {
      replica: isReplica(metadata['x-amz-replication-status']),
      facts: factsOfListing(metadata, leaves.UserTags ?? ''),
    }),
  };
}

/** `encoding-type=url` writes a space as `+`. */
const decodeName = (name: string): string => decodeURIComponent(name.replaceAll('+', ' '));
