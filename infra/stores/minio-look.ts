/**
 * Looking at one version on MinIO: HEAD answers 200 for an object, 405 for a delete marker, 404 for what is absent
 * (cmd/object-handlers.go); nothing else counts as absence.
 */
import type { VersionRef } from '../../events/object-events.ts';
import type { Look } from '../../functions/ports.ts';
import { encryptionOf, factsOfHeaders, isReplica } from './minio-facts.ts';
import { listVersions } from './minio-listing.ts';
import { HERE_ONLY, type Means, versionOf } from './minio-replica.ts';
import type { Answer, WireRequest } from './wire.ts';

/** Tags come with the answer, which saves a request. */
export const LOOK = { ...HERE_ONLY, 'x-amz-tagging-directive': 'ACCESS' };

/** A marker's time, which HEAD does not tell, is looked for in a listing. */
export async function look(means: Means, ref: VersionRef): Promise<Look> {
  const request: WireRequest = {
    ...versionOf(ref),
    method: 'HEAD',
    headers: LOOK,
    deadlineMs: means.deadlines.requestMs,
  };
  const answer = await means.wire.send(request);
  const { status, headers } = answer;
  // A version whose purge MinIO's own replication still owes its peer says 405 too: it is neither there nor gone.
  if (status === 405 && headers['x-amz-delete-marker'] === 'true') return marker(means, ref, headers);
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

async function marker(means: Means, ref: VersionRef, headers: Answer['headers']): Promise<Look> {
  return {
    state: 'marker',
    // Listings hide nested keys; such a marker is at least not younger than this answer.
    modified: (await markerTime(means, ref)) ?? new Date(headers.date ?? Date.now()).toISOString(),
    replica: isReplica(headers['x-minio-replication-deletemarker-status']),
  };
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
    if (page.next?.key !== ref.key) return undefined;
    after = page.next;
  }
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
