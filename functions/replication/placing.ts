/** What every function on a link asks first: does this event concern the link, and where does it point? */
import type { DataOf, EventType } from '../../events/catalogue.ts';
import type { VersionRef } from '../../events/object-events.ts';
import { RefusedError } from '../errors.ts';
import type { BatchContext, Link } from '../ports.ts';
import { matches } from './rule-match.ts';

/** A version may have no ID where a bucket had no versioning; S3 then calls it `null`. */
export const nullVersion = 'null';

export interface Place {
  /** The version at the source, and the same at the target. */
  readonly source: VersionRef;
  readonly target: VersionRef;
  /** Sites the version has been at, the source included. */
  readonly via: readonly string[];
}

/** What an event says of the version it is about. */
interface Pointing {
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly via?: readonly string[] | undefined;
}

/** Why the event does not concern this link, in words; undefined where it does. */
export function unconcerned(link: Link, data: Pointing): string | undefined {
  if (matches(link, data.key) === 'no') return 'outside the rule';
  if (data.via?.includes(link.target.site)) return 'came from there';
  if (data.via?.some((site) => link.fedBy.includes(site))) return 'goes there directly';
  if (data.versionId === nullVersion && link.twoWay) return 'null versions are not replicated two-way';
  return undefined;
}

export function placeOf(link: Link, data: Pointing): Place {
  const { key, versionId = nullVersion } = data;
  return {
    source: { bucket: link.source.bucket, key, versionId },
    target: { bucket: link.target.bucket, key, versionId },
    via: [...new Set([...(data.via ?? []), link.source.site])],
  };
}

/** What to throw where a bucket is missing: no version's absence can be read from that. */
export const bucketMissing = (site: string, bucket: string): RefusedError =>
  new RefusedError(site, 'NoSuchBucket', `bucket ${bucket} does not exist there`);

/**
 * The event that tells rules starting at the target that something arrived there, where there are such rules. A repeat
 * tells it again: an earlier request of ours may have done the work, and nobody heard of it.
 */
export const passedOn = <Type extends Arrival>(
  { link }: BatchContext,
  place: Place,
  type: Type,
  about: Partial<Pick<DataOf<Arrival>, 'modified' | 'size'>> = {},
) =>
  link.onward
    ? [{ type, data: { site: link.target.site, ...place.target, via: [...place.via], ...about } }]
    : [];

type Arrival = Extract<EventType, `dev.causeway.${string}.arrived.v1`>;
