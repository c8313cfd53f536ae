/** Whether all that a shipment needs is at a site. A snapshot is restored from there, or it is waited for. */
import type { RepositoryFile, Shipment, ShipmentName } from '../volume-ports.ts';

/**
 * The files that are not there, or not as long as they were shipped. Their names are hashes of what is in them, which a
 * replica was compared with on arrival, and the restore reads by.
 */
export function missingFrom(
  { files }: Shipment,
  there: readonly RepositoryFile[],
): readonly RepositoryFile[] {
  const sizes = new Map(there.map(({ name, size }) => [name, size]));
  return files.filter(({ name, size }) => sizes.get(name) !== size);
}

/** Where the newest has not come together yet, an older one may have. */
const mostLookedAt = 3;

/**
 * Those that may be restored of what is listed, the newest first. A repository may hold what was shipped from here, from
 * a time when it went the other way: that is never put over what has come since.
 */
export const candidates = (listed: readonly ShipmentName[], from: string): readonly ShipmentName[] =>
  listed
    .filter(({ site }) => site === from)
    .toReversed()
    .slice(0, mostLookedAt);

const shown = 3;

export function wordsFor(missing: readonly RepositoryFile[], { files }: Shipment): string {
  const names = missing.slice(0, shown).map(({ name }) => name);
  const more = missing.length > shown ? ', …' : '';
  return `${missing.length} of ${files.length} files have not arrived: ${names.join(', ')}${more}`;
}
