/**
 * What MinIO tells of a version, in the headers of HEAD and GET and in its extended listing, as facts that compare
 * equal whichever told them; and facts as the headers of a replica. MinIO: cmd/api-headers.go (setObjectHeaders),
 * cmd/handler-utils.go (supportedHeaders). One thing no listing tells: the Expires header.
 */
import type { VersionFacts } from '../../events/object-events.ts';
import { decodeMimeWords } from './mime-words.ts';
import { encodeComponent, fromHeader, toHeader } from './text-encoding.ts';

type Headers = Readonly<Record<string, string>>;

/** Headers that MinIO keeps with an object, beside its own x-minio-meta-*. */
const kept = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]);
const META = 'x-amz-meta-';
const MINIO_META = 'x-minio-meta-';
/** What a header's name is made of (RFC 9110, 5.6.2), as it is kept: in lower case. */
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * Whether these are facts that a version can have: any other header would be one of the request that writes it, with
 * whatever rights that has.
 */
export const areFacts = ({ headers, metadata }: Pick<VersionFacts, 'headers' | 'metadata'>): boolean =>
  Object.keys(headers).every(isKept) && Object.keys(metadata).every((name) => token.test(name));

const isKept = (name: string): boolean => kept.has(name) || (name.startsWith(MINIO_META) && token.test(name));

export const isReplica = (status: string | undefined): boolean => status === 'REPLICA';

/** Facts from an answer to HEAD or GET that asked for the tags. */
export function factsOfHeaders(headers: Headers): VersionFacts {
  return {
    size: Number(headers['content-length'] ?? 0),
    etag: unquoted(headers.etag ?? ''),
    modified: secondsOf(headers['last-modified']),
    ...attributes(headers, fromHeader, (value) => decodeMimeWords(value) ?? fromHeader(value)),
    tags: parseTags(fromHeader(headers['x-amz-tagging'] ?? '')),
  };
}

/** Facts from a listing's UserMetadata (names in lower case) and UserTags. */
export function factsOfListing(metadata: Headers, tags: string): ListedFacts {
  const same = (value: string): string => value;
  return { ...attributes(metadata, same, same), tags: parseTags(tags) };
}

export type ListedFacts = Pick<VersionFacts, 'headers' | 'metadata' | 'tags' | 'retention' | 'legalHold'>;

/** Undefined where it is not encrypted at rest. */
export const encryptionOf = (headers: Headers): string | undefined => headers['x-amz-server-side-encryption'];

function attributes(
  all: Headers,
  headerText: (value: string) => string,
  metaText: (value: string) => string,
): Omit<ListedFacts, 'tags'> {
  const headers: Record<string, string> = {};
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (name.startsWith(META)) metadata[name.slice(META.length)] = metaText(value);
    else if (kept.has(name)) headers[name] = headerText(value);
    else if (name.startsWith(MINIO_META)) headers[name] = metaText(value);
  }
  return { headers, metadata, ...lockOf(all) };
}

/** Cleared retention leaves empty values in listings. */
function lockOf(all: Headers): Pick<VersionFacts, 'retention' | 'legalHold'> {
  const mode = all['x-amz-object-lock-mode'];
  const until = all['x-amz-object-lock-retain-until-date'];
  const hold = all['x-amz-object-lock-legal-hold'];
  return {
    ...((mode === 'GOVERNANCE' || mode === 'COMPLIANCE') && until && { retention: { mode, until } }),
    ...((hold === 'ON' || hold === 'OFF') && { legalHold: hold }),
  };
}

/** The headers that give a replica these facts; all but its time and ETag. */
export function attributeHeaders(facts: VersionFacts): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(facts.headers)) headers[name] = toHeader(value);
  for (const [name, value] of Object.entries(facts.metadata)) headers[`${META}${name}`] = toHeader(value);
  const { modified, retention, legalHold } = facts;
  const tags = tagQuery(facts.tags);
  if (tags !== '') {
    headers['x-amz-tagging'] = tags;
    headers['x-minio-source-replication-tagging-timestamp'] = modified;
  }
  if (retention) {
    headers['x-amz-object-lock-mode'] = retention.mode;
    headers['x-amz-object-lock-retain-until-date'] = retention.until;
    headers['x-minio-source-replication-retention-timestamp'] = modified;
  }
  if (legalHold) {
    headers['x-amz-object-lock-legal-hold'] = legalHold;
    headers['x-minio-source-replication-legalhold-timestamp'] = modified;
  }
  return headers;
}

export const tagQuery = (tags: Readonly<Record<string, string>>): string =>
  Object.entries(tags)
    .map(([name, value]) => `${encodeComponent(name)}=${encodeComponent(value)}`)
    .join('&');

const parseTags = (query: string): Record<string, string> =>
  query === '' ? {} : Object.fromEntries(new URLSearchParams(query));

export const unquoted = (etag: string): string => etag.replace(/^"|"$/g, '');

/** HTTP dates have whole seconds; the text says so by having no fraction. */
const secondsOf = (httpDate: string | undefined): string =>
  new Date(httpDate ?? 0).toISOString().replace('.000Z', 'Z');
