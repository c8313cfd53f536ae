/** What is wrong with a rule that its schema cannot see: with itself, with the sites, with the other rules. */
import { didYouMean } from './did-you-mean.ts';
import { compete, type Route, routesOf } from './links.ts';
import { excludesAllUnder } from './overlap.ts';
import { type Finding, fieldName, type Path } from './problems.ts';
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
  const places = placesOf(rule);
  const endpoint = ({ site }: Place): string => endpoints.get(site) ?? site;
  return places.flatMap(({ place, path }, index): Finding[] => {
    const earlier = places.slice(0, index);
    const same = earlier.find(
      (o) => o.place.bucket === place.bucket && endpoint(o.place) === endpoint(place),
    );
    if (same) {
      const names =
        same.place.site === place.site ? '' : ` (${same.place.site} and ${place.site} have one endpoint)`;
      return [{ path, message: `is the same bucket as ${fieldName(same.path)}${names}` }];
    }
    // A link's ID names sites, not buckets. One-way, the source may be a site that is a target too.
    const taken = earlier.find(
      (o, at) => o.place.site === place.site && (at > 0 || rule.spec.direction === 'two-way'),
    );
    if (!taken) return [];
    const message = `is the site of ${fieldName(taken.path)} too`;
    return [{ path: [...path, 'site'], message, hint: 'write a rule of its own for this bucket' }];
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
