/** Whether an announcement of a marker tells of its removal: MinIO calls both DeleteMarkerCreated. */
import { toMilliseconds } from '../../events/times.ts';
import type { BatchContext } from '../ports.ts';
import { versionsOf } from './order.ts';
import type { Place } from './placing.ts';

/**
 * A removal tells another time than the marker's own: so a client removed it, and it is there again because nobody had
 * heard of that. Without both times nothing is taken for a removal.
 */
export async function tellsOfRemoval(
  { link, source }: BatchContext,
  place: Place,
  told: string | undefined,
): Promise<boolean> {
  if (told === undefined) return false;
  const versions = await versionsOf(source, link.source.bucket, place.source.key);
  const listed = versions.find(({ versionId }) => versionId === place.source.versionId);
  return listed !== undefined && toMilliseconds(listed.modified) !== toMilliseconds(told);
}
