/** The versions of one key, each with where it is and where it is not. */
import { toMilliseconds } from '../../events/times.ts';
import { messageOf } from '../../functions/errors.ts';
import type { ListedVersion, ObjectStore } from '../../functions/ports.ts';
import { listedDifferences } from '../../functions/replication/compare-key.ts';
import { seen } from '../../functions/replication/confirm.ts';
import { inOrder } from '../../functions/replication/in-order.ts';
import { versionsOf } from '../../functions/replication/order.ts';
import type { Place } from './places.ts';

export type Presence =
  | { readonly state: 'absent' }
  /** The place could not be asked. */
  | { readonly state: 'unknown' }
  | {
      readonly state: 'present';
      readonly latest: boolean;
      readonly replica: boolean | undefined;
      /** Fields in which it is not as the original, or where there is none, the first of them. */
      readonly differs: readonly string[];
    };

export interface KeyVersion {
  readonly version: ListedVersion;
  /** As the places are. */
  readonly at: readonly Presence[];
}

export interface KeyVersions {
  /** Newest first. */
  readonly versions: readonly KeyVersion[];
  /** By place: why it could not be asked. */
  readonly problems: readonly (string | undefined)[];
}

export interface PlaceToAsk {
  readonly place: Place;
  readonly store: ObjectStore;
}

const looksAtOnce = 16;

/** `told`: version IDs that events tell of; listings hide nested keys. */
export async function keyVersions(
  places: readonly PlaceToAsk[],
  key: string,
  told: readonly string[],
): Promise<KeyVersions> {
  const shelves = await Promise.all(places.map((place) => openShelf(place, key)));
  const ids = [...new Set([...shelves.flatMap(({ listed }) => [...listed.keys()]), ...told])];
  const found: KeyVersion[] = [];
  const located = inOrder(ids, looksAtOnce, (versionId) => locate(shelves, key, versionId));
  for await (const version of located) if (version) found.push(version);
  const time = ({ version }: KeyVersion): number => toMilliseconds(version.modified);
  return {
    // A stable sort: within a millisecond the listings' order stays.
    versions: found.sort((one, other) => time(other) - time(one)),
    problems: shelves.map(({ problem }) => problem),
  };
}

/** One place, with what it lists of the key. */
interface Shelf extends PlaceToAsk {
  readonly listed: ReadonlyMap<string, ListedVersion>;
  readonly problem?: string;
}

async function openShelf(at: PlaceToAsk, key: string): Promise<Shelf> {
  try {
    const versions = await versionsOf(at.store, at.place.bucket, key);
    return { ...at, listed: new Map(versions.map((version) => [version.versionId, version])) };
  } catch (error) {
    return { ...at, listed: new Map(), problem: messageOf(error) };
  }
}

type Found = ListedVersion | 'absent' | 'unknown';

/** Undefined where no place has it: events outlive versions. */
async function locate(
  shelves: readonly Shelf[],
  key: string,
  versionId: string,
): Promise<KeyVersion | undefined> {
  const look = (shelf: Shelf): Promise<Found> => lookAt(shelf, key, versionId);
  let found = await Promise.all(
    shelves.map((shelf) => {
      const version = shelf.listed.get(versionId);
      return version?.replica === undefined ? look(shelf) : version;
    }),
  );
  // What a look tells compares with looks only: no listing has the Expires header.
  const isMixed = shelves.some(({ listed }, index) => !listed.has(versionId) && isThere(found[index]));
  if (isMixed) found = await Promise.all(shelves.map(look));
  const present = found.filter(isThere);
  const first = present.find(({ replica }) => replica === false) ?? present[0];
  if (!first) return undefined;
  return {
    version: first,
    at: found.map((version) => (isThere(version) ? presence(version, first) : { state: version })),
  };
}

const isThere = (found: Found | undefined): found is ListedVersion => typeof found === 'object';

async function lookAt(
  { place, store, listed, problem }: Shelf,
  key: string,
  versionId: string,
): Promise<Found> {
  if (problem !== undefined) return 'unknown';
  try {
    const look = await store.look({ bucket: place.bucket, key, versionId });
    if (look.state === 'absent') return 'absent';
    const version = listed.get(versionId);
    const shown = seen({ key, versionId, latest: version?.latest ?? false }, look);
    // A listing tells the time more exactly.
    return version ? { ...shown, modified: version.modified } : shown;
  } catch {
    return 'unknown';
  }
}

function presence(version: ListedVersion, first: ListedVersion): Presence {
  const { latest, replica } = version;
  const { content, metadata } = listedDifferences(first, version);
  // Where a listing hides the key, its marker's time is not known.
  const fields = version.marker ? content.filter((field) => field === 'kind') : content;
  return { state: 'present', latest, replica, differs: [...fields, ...metadata] };
}
