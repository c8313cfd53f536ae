/** The buckets that rules join with one another: where versions of one key can be. */
import type { Link } from '../../functions/ports.ts';

export type Place = Link['source'];

export const placeName = ({ site, bucket }: Place): string => `${site}/${bucket}`;

export interface Joined {
  /** The one that was asked about, then those next to it, and so on. */
  readonly places: readonly Place[];
  /** Every link between them. */
  readonly links: readonly Link[];
}

export function joinedWith(place: Place, links: readonly Link[]): Joined {
  const places = new Map([[placeName(place), place]]);
  for (const name of places.keys()) {
    for (const { source, target } of links) {
      if (placeName(source) === name) places.set(placeName(target), target);
      if (placeName(target) === name) places.set(placeName(source), source);
    }
  }
  return {
    places: [...places.values()],
    links: links.filter(({ source }) => places.has(placeName(source))),
  };
}
