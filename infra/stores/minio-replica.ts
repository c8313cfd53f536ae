/**
 * What every request that writes a replica to MinIO has in common: headers that make it one (and silence its
 * notification), the version ID as a query parameter, and what an answer to the decisive request means.
 */
import { hash } from 'node:crypto';
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
import { SiteUnavailableError } from '../../functions/errors.ts';
import type { Deadlines } from '../../functions/ports.ts';
import type { ByteBudget } from './byte-budget.ts';
import { encryptionOf, unquoted } from './minio-facts.ts';
import { fromHeader } from './text-encoding.ts';
import type { Answer, Wire, WireRequest } from './wire.ts';
import { textOf } from './xml.ts';

export interface Means {
  readonly wire: Wire;
  readonly budget: ByteBudget;
  readonly deadlines: Deadlines;
  /** Buckets that were seen to encrypt what is put into them. */
  readonly encrypting: Set<string>;
}

export type Outcome = 'written' | 'already';

export const REPLICATION = { 'x-minio-source-replication-request': 'true' };
export const REPLICA = { ...REPLICATION, 'x-amz-replication-status': 'REPLICA' };
/** Where a bucket also has MinIO's own replication, it would ask its peer for what it lacks: tell what is here. */
export const HERE_ONLY = { 'x-minio-source-proxy-request': 'false' };

/** Makes MinIO unpack an archive instead of keeping it, whatever the value says beside "true". */
export const EXTRACT = 'x-amz-meta-snowball-auto-extract';

/** A server that refuses a longer body unread may cut the connection before its answer is read. */
const READ_ANYWAY = 64 * 1024;

/** The part of a request that names a version's key. */
export const at = ({ bucket, key }: VersionRef, query: Readonly<Record<string, string>>) => ({
  bucket,
  key,
  query,
});

export const versionOf = (ref: VersionRef) => at(ref, { versionId: ref.versionId });

export const contentMd5 = (body: Uint8Array): string => hash('md5', body, 'base64');

export interface Created {
  readonly outcome: Outcome;
  /** How the site encrypts it at rest, if it does. */
  readonly encryption?: string | undefined;
}

/** Sends the request that makes the version exist. */
export async function create(
  { wire, deadlines }: Means,
  ref: VersionRef,
  facts: VersionFacts,
  request: WireRequest,
): Promise<Created> {
  const answer = await wire.send(asObject(request)).catch(async (error: unknown) => {
    const isOpen = !(error instanceof SiteUnavailableError) && facts.size > READ_ANYWAY;
    if (isOpen && (await holds(wire, ref, facts.etag, deadlines.requestMs))) return undefined;
    throw error;
  });
  if (!answer || answer.status === 412) return { outcome: 'already' };
  // Completing a multipart upload may say 200 and then, in the body, that it failed.
  if (answer.status !== 200 || textOf(answer.body.toString('utf8'), 'Code') !== undefined)
    throw await refusal(wire, request, answer);
  return { outcome: 'written', encryption: encryptionOf(answer.headers) };
}

/**
 * An upload in parts, or a copy, can have given an object the very metadata that makes MinIO unpack what is put, here
 * with the rights of Causeway: whoever may write one key at the source would write any at the target. MinIO takes an
 * object's headers from the query too, and there this one is metadata and nothing else.
 */
export function asObject(request: WireRequest): WireRequest {
  const { [EXTRACT]: extract, ...headers } = request.headers ?? {};
  if (extract === undefined) return request;
  return { ...request, headers, query: { ...request.query, [EXTRACT]: fromHeader(extract) } };
}

/** Where the bucket is absent, MinIO says that it is not versioned. */
export async function refusal(wire: Wire, request: WireRequest, answer: Answer): Promise<Error> {
  const { bucket = '', deadlineMs } = request;
  const ask = { method: 'HEAD', bucket, deadlineMs } as const;
  const asked = answer.status === 400 ? await wire.send(ask) : undefined;
  return asked?.status === 404 ? wire.refusal(ask, asked) : wire.refusal(request, answer);
}

async function holds(wire: Wire, ref: VersionRef, etag: string, deadlineMs: number): Promise<boolean> {
  const request = { ...versionOf(ref), method: 'HEAD', headers: HERE_ONLY, deadlineMs } as const;
  const answer = await wire.send(request);
  if (![200, 404, 405].includes(answer.status)) throw await wire.refusal(request, answer);
  return answer.status === 200 && unquoted(answer.headers.etag ?? '') === etag;
}
