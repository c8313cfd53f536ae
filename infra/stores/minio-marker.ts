/**
 * Writing a delete marker to MinIO (`DELETE ?versionId=` with the delete-marker header, cmd/erasure-object.go). The
 * same request removes a marker that is there, and purges an object of that version ID, so it is asked first. And
 * the first marker of a key that has no versions loses its REPLICA status (xlStorage.DeleteVersion writes it by
 * another way): such a marker is made again beside a placeholder, an older marker that then goes.
 */
import { createHash } from 'node:crypto';
import type { VersionRef } from '../../events/object-events.ts';
import { RetryableError, TerminalError } from '../../functions/errors.ts';
import { headOf } from './minio-look.ts';
import { type Means, REPLICA, versionOf } from './minio-replica.ts';

const BEGINNING = '1970-01-01T00:00:00.000000001Z';

/** Only under the key lock: two at once remove the marker. */
export async function putMarker(means: Means, ref: VersionRef, modified: string): Promise<void> {
  const { site } = means.wire;
  const before = await headOf(means, ref);
  if (before.state === 'object')
    throw new TerminalError(`site ${site} holds an object under the version ID of this delete marker`);
  if (before.state === 'marker' && before.replica) return;
  if (before.state === 'absent') await request(means, ref, modified);

  const after = await headOf(means, ref);
  if (after.state !== 'marker') throw new RetryableError(`site ${site} does not show the marker it was sent`);
  if (after.replica) return;
  const placeholder = { ...ref, versionId: placeholderId(ref.versionId) };
  await purge(means, placeholder);
  await request(means, placeholder, BEGINNING);
  await purge(means, ref);
  await request(means, ref, modified);
  await purge(means, placeholder);
}

export async function purge(means: Means, ref: VersionRef): Promise<void> {
  await remove(means, ref, REPLICA);
}

const request = (means: Means, ref: VersionRef, modified: string): Promise<void> =>
  remove(means, ref, { ...REPLICA, 'x-minio-source-deletemarker': 'true', 'x-minio-source-mtime': modified });

async function remove({ wire, deadlines }: Means, ref: VersionRef, headers: Record<string, string>): Promise<void> {
  const asked = { ...versionOf(ref), method: 'DELETE', headers, deadlineMs: deadlines.requestMs } as const;
  const answer = await wire.send(asked);
  if (answer.status !== 204) throw await wire.refusal(asked, answer);
}

/** The same each time, so that a repeat finds what a crash left. */
function placeholderId(versionId: string): string {
  const digest = createHash('sha256').update(versionId).digest('hex');
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
