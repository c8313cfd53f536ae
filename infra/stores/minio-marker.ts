/**
 * Writing a delete marker to MinIO (`DELETE ?versionId=` with the delete-marker header, cmd/erasure-object.go). The
 * same request removes a marker that is there, and purges an object of that version ID, so it is asked first.
 */

import type { VersionRef } from '../../events/object-events.ts';
import { RetryableError, TerminalError } from '../../functions/errors.ts';
import { placeholderOf, placeholderTime } from '../../functions/replication/placeholder.ts';
import { head, latestOf } from './minio-look.ts';
import { type Means, REPLICA, versionOf } from './minio-replica.ts';

/**
 * Only under the key lock: two at once remove the marker.
 *
 * The first version of a key, if it is a marker, loses its REPLICA status (xlStorage.DeleteVersion writes it another
 * way). So it is made beside an older marker, which then goes: were it made first and set right afterwards, whoever
 * died in between would leave it looking like a client's.
 */
export async function putMarker(means: Means, ref: VersionRef, modified: string): Promise<void> {
  const { site } = means.wire;
  const placeholder = { ...ref, versionId: placeholderOf(ref.versionId) };
  const [before, latest] = await Promise.all([head(means, ref), latestOf(means, ref)]);
  if (before.state === 'marker') return;
  if (before.state === 'object')
    throw new TerminalError(`site ${site} holds an object under the version ID of this delete marker`);
  if (latest === undefined) await request(means, placeholder, placeholderTime);
  await request(means, ref, modified);
  const after = await head(means, ref);
  if (after.state !== 'marker')
    throw new RetryableError(`site ${site} does not show the delete marker it took`);
  if (!after.replica) await makeReplica(means, ref, modified, placeholder);
  else if (latest === undefined || latest === placeholder.versionId) await purge(means, placeholder);
}

/** What else the key had went meanwhile. */
async function makeReplica(
  means: Means,
  ref: VersionRef,
  modified: string,
  placeholder: VersionRef,
): Promise<void> {
  await request(means, placeholder, placeholderTime);
  await purge(means, ref);
  await request(means, ref, modified);
  await purge(means, placeholder);
}

export const purge = (means: Means, ref: VersionRef): Promise<void> => remove(means, ref, REPLICA);

const request = (means: Means, ref: VersionRef, modified: string): Promise<void> =>
  remove(means, ref, {
    ...REPLICA,
    'x-minio-source-deletemarker': 'true',
    'x-minio-source-mtime': modified,
  });

async function remove(
  { wire, deadlines }: Means,
  ref: VersionRef,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const asked = { ...versionOf(ref), method: 'DELETE', headers, deadlineMs: deadlines.requestMs } as const;
  const answer = await wire.send(asked);
  if (answer.status !== 204) throw await wire.refusal(asked, answer);
}
