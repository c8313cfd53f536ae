/** The links that the rules make: each (rule, source, target), with what the graph of all of them says about it. */
import type { Link } from '../../functions/ports.ts';
import { filtersOverlap, keysOverlap } from './overlap.ts';
import type { ReplicationRule } from './replication-rule.ts';

type Place = Link['source'];

/** A link as its own rule has it, before the others are looked at. */
export interface Route
  extends Omit<
    Link,
    'twoWay' | 'yieldsTo' | 'origins' | 'upstream' | 'reverses' | 'onward' | 'beside' | 'fedBy'
  > {
  readonly direction: ReplicationRule['spec']['direction'];
  readonly priority: number;
}

const samePlace = (one: Place, other: Place): boolean =>
  one.site === other.site && one.bucket === other.bucket;

const placeName = ({ site, bucket }: Place): string => `${site}/${bucket}`;

/** One-way: from the source to each target. Two-way: between any two of the buckets named, both ways. */
export function routesOf({ metadata, spec }: ReplicationRule): Route[] {
  const { direction, priority, scan, deleteMarkers, versionPurges, metadataChanges, existingObjects } = spec;
  const source: Place = { site: spec.source.site, bucket: spec.source.bucket };
  const filter = { prefix: spec.source.prefix, exclude: spec.source.exclude, tags: spec.source.tags };
  const starts = direction === 'two-way' ? [source, ...spec.targets] : [source];
  const ends = direction === 'two-way' ? starts : spec.targets;
  return starts.flatMap((from) =>
    ends
      .filter((to) => !samePlace(from, to))
      .map((to) => ({
        id: `${metadata.name}_${from.site}_${to.site}`,
        rule: metadata.name,
        source: from,
        target: to,
        direction,
        priority,
        filter,
        deleteMarkers,
        versionPurges,
        metadataChanges,
        existingObjects,
        scanEveryMs: scan.every,
      })),
  );
}

/**
 * Whether two routes of different rules would write the same keys to one bucket, so that priority has to decide.
 * Two-way rules that meet at a bucket from different sides do not compete: they join their sites into one graph
 * of equals, in which each version has one origin.
 */
export function compete(one: Route, other: Route): boolean {
  if (one.rule === other.rule || !samePlace(one.target, other.target)) return false;
  const joined =
    one.direction === 'two-way' && other.direction === 'two-way' && !samePlace(one.source, other.source);
  return !joined && filtersOverlap(one.filter, other.filter);
}

/** Expects rules that load.ts accepted. */
export function linksOf({ rules }: { readonly rules: readonly ReplicationRule[] }): Link[] {
  const routes = rules.flatMap(routesOf);
  const from = Map.groupBy(routes, ({ source }) => placeName(source));
  const into = Map.groupBy(routes, ({ target }) => placeName(target));
  const origins = new Map(
    [...from].map(([name, [route]]) => [name, route ? originsOf(route.source, into) : []]),
  );
  const isDirect = (rule: string, source: Place, target: Place): boolean =>
    routes.some(
      (other) => other.rule === rule && samePlace(other.source, source) && samePlace(other.target, target),
    );
  const leadsOn = (route: Route, other: Route): boolean =>
    other.target.site !== route.source.site &&
    !(other.rule === route.rule && isDirect(route.rule, route.source, other.target));
  return routes.map((route) => {
    const { direction: _, priority, ...own } = route;
    const next = (from.get(placeName(route.target)) ?? []).filter((other) =>
      keysOverlap(route.filter, other.filter),
    );
    return {
      ...own,
      twoWay: next.some((other) => samePlace(other.target, route.source)),
      reverses: next.filter((other) => samePlace(other.target, route.source)).map(({ id }) => id),
      upstream: originsOf(route.source, into, route.target),
      onward: next.some((other) => leadsOn(route, other)),
      yieldsTo: (into.get(placeName(route.target)) ?? [])
        .filter((other) => other.priority > priority && compete(route, other))
        .map(({ filter }) => filter),
      beside: (into.get(placeName(route.target)) ?? [])
        .filter(({ id }) => id !== route.id)
        .map(({ id, source }) => ({ id, source: source.site })),
      fedBy: (into.get(placeName(route.target)) ?? [])
        .filter((other) => other.rule === route.rule && other.source.site !== route.source.site)
        .map(({ source }) => source.site),
      origins: origins.get(placeName(route.source)) ?? [],
    };
  });
}

/**
 * Every other bucket that leads to this one. Filters are left aside: they decide what is sent now, and what is
 * there may have come under older ones; a bucket too many costs a request, one too few could cost a version.
 */
function originsOf(place: Place, into: ReadonlyMap<string, readonly Route[]>, besides?: Place): Place[] {
  const found = new Map([[placeName(place), place]]);
  for (const reached of found.values()) {
    for (const { source } of into.get(placeName(reached)) ?? []) {
      if (besides && samePlace(source, besides)) continue;
      if (!found.has(placeName(source))) found.set(placeName(source), source);
    }
  }
  found.delete(placeName(place));
  return [...found.values()];
}
