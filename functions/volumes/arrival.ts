/** Whether all that a shipment needs is at a site. A snapshot is restored from there, or it is waited for. */
import type { RepositoryFile, ShipmentName } from '../volume-ports.ts';

export interface Compared {
  readonly files: number;
  /** That are not there, or not as long as they were shipped. */
  readonly missing: number;
  /** Some of their names. */
  readonly names: readonly string[];
}

const shown = 3;

/**
 * What a shipment lists beside what is there, both by name, neither held in memory. Names are hashes of what is in the
 * files, which a replica was compared with on arrival, and the restore reads by.
 */
export async function compare(
  listed: AsyncIterable<RepositoryFile>,
  there: AsyncIterable<RepositoryFile>,
): Promise<Compared> {
  const arrived = there[Symbol.asyncIterator]();
  const names: string[] = [];
  let [files, missing] = [0, 0];
  try {
    let found = await arrived.next();
    for await (const { name, size } of listed) {
      files += 1;
      while (!found.done && found.value.name < name) found = await arrived.next();
      if (!found.done && found.value.name === name && found.value.size === size) continue;
      missing += 1;
      if (names.length < shown) names.push(name);
    }
  } finally {
    await arrived.return?.();
  }
  return { files, missing, names };
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

export function wordsFor({ files, missing, names }: Compared): string {
  const more = missing > names.length ? ', …' : '';
  return `${missing} of ${files} files have not arrived: ${names.join(', ')}${more}`;
}
