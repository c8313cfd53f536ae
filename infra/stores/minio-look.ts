/**
 * Looking at one version on MinIO: HEAD answers 200 for an object, 405 for a delete marker, 404 for what is absent
 * (cmd/object-handlers.go); nothing else counts as absence.
 */
import type { VersionRef } from '../../events/object-events.ts';
import type { Look } from '../../functions/ports.ts';
import { nullVersion } from '../../functions/replication/placing.ts';
import { encryptionOf, factsOfHeaders, isReplica } from './minio-facts.ts';
import { listVersions } from './minio-listing.ts';
import { HERE_ONLY, type Means, versionOf } from './minio-replica.ts';
import type { Answer, WireRequest } from './wire.ts';

/** Tags come with the answer, which saves a request. */
export const LOOK = { ...HERE_ONLY, 'x-amz-tagging-directive': 'ACCESS' };

type Told = Pick<Answer, 'status' | 'headers'>;

/**
 * A version that a client purged, and that MinIO's own replication keeps until its peer has purged it too: it is
 * neither listed nor read, but says 405 and delete marker, whatever it was.
 */
const isPurged = ({ status, headers }: Told): boolean =>
  status === 405 && headers['x-minio-replication-delete-status'] !== undefined;

const isMarker = ({ status, headers }: Told): boolean =>
  status === 405 && headers['x-amz-delete-marker'] === 'true';

/** Nothing that could be read, or never was; a 404 may yet mean the bucket. */
export const isUnreadable = (told: Told): boolean => isPurged(told) || isMarker(told);

export type Head =
  | Exclude<Look, { state: 'marker' }>
  | { readonly state: 'marker'; readonly replica: boolean; readonly date: string | undefined };

/** One request, which does not tell a marker's time. */
export async function head(means: Means, ref: VersionRef): Promise<Head> {
  const request: WireRequest = {
    ...versionOf(ref),
    method: 'HEAD',
    headers: LOOK,
    deadlineMs: means.deadlines.requestMs,
  };
  const answer = await means.wire.send(request);
  const { status, headers } = answer;
  if (isPurged(answer)) return { state: 'absent', missing: 'version' };
  if (isMarker(answer)) {
    const replica = isReplica(headers['x-minio-replication-deletemarker-status']);
    return { state: 'marker', replica, date: headers.date };
  }
  if (status === 404) return { state: 'absent', missing: await missing(means, ref.bucket, headers) };
  if (status !== 200) throw await means.wire.refusal(request, answer);
  const encryption = encryptionOf(headers);
  return {
    state: 'object',
    facts: factsOfHeaders(headers),
    replica: isReplica(headers['x-amz-replication-status']),
    ...(encryption !== undefined && { encryption }),
  };
}

export async function look(means: Means, ref: VersionRef): Promise<Look> {
  const seen = await head(means, ref);
  if (seen.state !== 'marker') return seen;
  // Listings hide nested keys; such a marker is at least not younger than the answer.
  const modified = (await markerTime(means, ref)) ?? new Date(seen.date ?? Date.now()).toISOString();
  return { state: 'marker', modified, replica: seen.replica };
}

async function markerTime({ wire, deadlines }: Means, ref: VersionRef): Promise<string | undefined> {
  let after: { key: string; versionId: string } | undefined;
  // Nearly always it is the latest version, or close to it.
  for (let limit = 10; ; limit = 1000) {
    const page = await listVersions(
      wire,
      ref.bucket,
      { prefix: ref.key, limit, metadata: false, ...(after && { after }) },
      deadlines.requestMs,
    );
    const found = page.versions.find(({ key, versionId }) => key === ref.key && versionId === ref.versionId);
    if (found) return found.modified;
    // Of all keys that begin with it, its own come first.
    if (!page.next || page.versions.at(-1)?.key !== ref.key) return undefined;
    after = page.next;
  }
}

/** The ID of a key's latest version; undefined where it has none. */
export async function latestOf(
  { wire, deadlines }: Means,
  { bucket, key }: VersionRef,
): Promise<string | undefined> {
  const asked = { method: 'HEAD', bucket, key, headers: HERE_ONLY, deadlineMs: deadlines.requestMs } as const;
  const answer = await wire.send(asked);
  const { status, headers } = answer;
  if (status >= 500 || status === 429) throw await wire.refusal(asked, answer);
  const hasNone = status === 404 && headers['x-amz-delete-marker'] !== 'true';
  return hasNone ? undefined : (headers['x-amz-version-id'] ?? nullVersion);
}

/** A gateway in between may drop MinIO's header. */
async function missing(
  { wire, deadlines }: Means,
  bucket: string,
  headers: Answer['headers'],
): Promise<'version' | 'bucket'> {
  const code = headers['x-minio-error-code'];
  if (code === 'NoSuchVersion' || code === 'NoSuchKey') return 'version';
  if (code === 'NoSuchBucket') return 'bucket';
  const request = { method: 'HEAD', bucket, deadlineMs: deadlines.requestMs } as const;
  const answer = await wire.send(request);
  if (answer.status !== 200 && answer.status !== 404) throw await wire.refusal(request, answer);
  return answer.status === 200 ? 'version' : 'bucket';
}
