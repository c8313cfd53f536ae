/** Whether two filters can take the same key. Sound, not exact: where it cannot tell, they overlap. */
import type { Link } from '../../functions/ports.ts';
import { excludes } from '../../functions/replication/rule-match.ts';

type Filter = Link['filter'];

/** Whether an exclusion takes out every key that begins with the prefix. */
export const excludesAllUnder = (exclusion: string, prefix: string): boolean =>
  // What ends in an asterisk and matches the prefix matches whatever follows it; what ends otherwise does not.
  (!exclusion.includes('*') || exclusion.endsWith('*')) && excludes(exclusion, prefix);

/** By keys alone: a version's tags may change after it was sent. */
export function keysOverlap(one: Filter, other: Filter): boolean {
  if (!one.prefix.startsWith(other.prefix) && !other.prefix.startsWith(one.prefix)) return false;
  const common = one.prefix.length > other.prefix.length ? one.prefix : other.prefix;
  return ![...one.exclude, ...other.exclude].some((exclusion) => excludesAllUnder(exclusion, common));
}

export function filtersOverlap(one: Filter, other: Filter): boolean {
  const contradict = Object.entries(one.tags).some(
    ([name, value]) => Object.hasOwn(other.tags, name) && other.tags[name] !== value,
  );
  return !contradict && keysOverlap(one, other);
}
