/** What is wrong with a rule that its schema cannot see: with itself, with the sites, with the other rules. */
import { didYouMean } from './did-you-mean.ts';
import { compete, type Route, routesOf, samePlace } from './links.ts';
import { excludesAllUnder } from './overlap.ts';
import type { Finding, Path } from './problems.ts';
import { mostTargets, type ReplicationRule } from './replication-rule.ts';
import type { SourceDocument } from './yaml-source.ts';

type Place = Route['source'];

/** The buckets that a rule names, with the field that names each. */
function placesOf({ spec }: ReplicationRule): { place: Place; path: Path }[] {
  return [
    { place: spec.source, path: ['spec', 'source'] },
    ...spec.targets.map((place, index) => ({ place, path: ['spec', 'targets', index] })),
  ];
}

/** Takes the text as it is: the rule may be wrong in other ways, and all of them are told at once. */
export function missingSites(rule: SourceDocument, sites: ReadonlySet<string>): Finding[] {
  const targets = Array.from({ length: mostTargets }, (_, index) => ['spec', 'targets', index, 'site']);
  return [['spec', 'source', 'site'], ...targets].flatMap((path): Finding[] => {
    const name = rule.text(path);
    if (name === '' || sites.has(name)) return [];
    return [{ path, message: `there is no site "${name}"`, hint: didYouMean(name, sites) }];
  });
}

/** `endpoints` by site name: two names of one endpoint make one bucket look like two. */
export function wrongPlaces(rule: ReplicationRule, endpoints: ReadonlyMap<string, string>): Finding[] {
  const { source, targets, direction } = rule.spec;
  const at = (place: Place): Place => ({
    site: endpoints.get(place.site) ?? place.site,
    bucket: place.bucket,
  });
  return targets.flatMap((target, index): Finding[] => {
    const path = ['spec', 'targets', index];
    const site = [...path, 'site'];
    if (samePlace(at(target), at(source))) {
      const also =
        target.site === source.site ? '' : ` (sites ${source.site} and ${target.site} have one endpoint)`;
      return [{ path, message: `is the source bucket itself${also}` }];
    }
    if (direction === 'two-way' && target.site === source.site) {
      return [
        { path: site, message: `a two-way rule names each site once, and "${target.site}" is its source` },
      ];
    }
    const earlier = targets.findIndex((other) => other.site === target.site);
    if (earlier === index) return [];
    return [
      { path: site, message: `is the site of targets[${earlier}] too`, hint: 'write a second rule for it' },
    ];
  });
}

/** Exclusions are compared with whole keys, which people forget where there is a prefix. */
export function wrongExclusions({ spec }: ReplicationRule): Finding[] {
  const { prefix, exclude } = spec.source;
  return exclude.flatMap((exclusion, index): Finding[] => {
    const path = ['spec', 'source', 'exclude', index];
    if (excludesAllUnder(exclusion, prefix))
      return [{ path, message: 'excludes everything that the rule is about' }];
    const [beginning = ''] = exclusion.split('*');
    if (beginning.startsWith(prefix) || prefix.startsWith(beginning)) return [];
    const message = `excludes nothing: it is compared with whole keys, and the rule's begin with "${prefix}"`;
    return [{ path, message, hint: `did you mean "${prefix}${exclusion}"?` }];
  });
}

/** For each rule, the buckets to which rules before it, of the same priority, write the same keys. */
export function competition(
  rules: readonly ReplicationRule[],
): ReadonlyMap<ReplicationRule, readonly Finding[]> {
  const before = new Map<string, Route[]>();
  const findings = rules.map((rule) => {
    const routes = Map.groupBy(routesOf(rule), ({ target }) => `${target.site}/${target.bucket}`);
    const found = placesOf(rule).flatMap(({ place, path }): Finding[] => {
      const name = `${place.site}/${place.bucket}`;
      const mine = routes.get(name) ?? [];
      const rivals = (before.get(name) ?? []).filter((other) =>
        mine.some((route) => route.priority === other.priority && compete(route, other)),
      );
      if (rivals.length === 0) return [];
      const message = `${listed([...new Set(rivals.map((rival) => rival.rule))])} to ${name} too, with an overlapping filter`;
      return [
        { path, message, hint: 'give one rule the higher priority, or part them by prefix, exclude or tags' },
      ];
    });
    for (const [name, mine] of routes) before.set(name, [...(before.get(name) ?? []), ...mine]);
    return [rule, found] as const;
  });
  return new Map(findings);
}

const shown = 3;

function listed(names: readonly string[]): string {
  const more = names.length > shown ? ` and ${names.length - shown} more` : '';
  const verb = names.length === 1 ? 'writes' : 'write';
  return `${names.length === 1 ? 'rule' : 'rules'} ${names.slice(0, shown).join(', ')}${more} ${verb}`;
}
