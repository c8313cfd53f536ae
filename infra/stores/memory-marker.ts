/** Makes a delete marker in memory with the same requests, and the same guards, as the MinIO dialect: minio-marker.ts. */

import type { VersionRef } from '../../events/object-events.ts';
import { RetryableError, TerminalError } from '../../functions/errors.ts';
import { placeholderOf, placeholderTime } from '../../functions/replication/placeholder.ts';
import type { Deliver } from './memory.ts';
import { headAt, latestOf, purgeReplica, requestMarker } from './memory-replica.ts';
import type { MemorySite } from './memory-site.ts';

export async function putMarker(
  site: MemorySite,
  deliver: Deliver,
  ref: VersionRef,
  modified: string,
): Promise<void> {
  const head = () => deliver({ name: 'head', ref }, () => headAt(site, ref));
  const request = (wanted: VersionRef, at: string) =>
    deliver({ name: 'marker', ref: wanted }, () => requestMarker(site, wanted, at));
  const purge = (unwanted: VersionRef) =>
    deliver({ name: 'purge', ref: unwanted }, () => purgeReplica(site, unwanted));

  const placeholder = { ...ref, versionId: placeholderOf(ref.versionId) };
  const [before, latest] = await Promise.all([
    head(),
    deliver({ name: 'head', ref: { ...ref, versionId: '' } }, () => latestOf(site, ref)),
  ]);
  if (before.state === 'marker') return;
  if (before.state === 'object') {
    throw new TerminalError(`site ${site.name} holds an object under the version ID of this delete marker`);
  }
  // The first version of a key, if it is a marker, does not become a replica: so it is made beside an older one.
  if (latest === undefined) await request(placeholder, placeholderTime);
  await request(ref, modified);
  const after = await head();
  if (after.state !== 'marker') {
    throw new RetryableError(`site ${site.name} does not show the delete marker it took`);
  }
  if (!after.replica) {
    // What else the key had went meanwhile.
    await request(placeholder, placeholderTime);
    await purge(ref);
    await request(ref, modified);
    await purge(placeholder);
  } else if (latest === undefined || latest === placeholder.versionId) await purge(placeholder);
}
