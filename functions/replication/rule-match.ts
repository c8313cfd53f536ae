/** Whether a link carries a key: prefix, exclusions, tags, and rules of higher priority. */
import type { Link, ListedVersion } from '../ports.ts';

/** `needs-tags`: the key would do, but tags decide and were not given. Ask the source for them. */
export type Match = 'yes' | 'no' | 'needs-tags';

type Filter = Link['filter'];

/**
 * Whether an exclusion takes out a key. It is compared with the whole key: without an asterisk as a prefix, with
 * asterisks (each for any characters, slashes too) from the key's beginning to its end.
 */
export function excludes(exclusion: string, key: string): boolean {
  const [first = '', ...others] = exclusion.split('*');
  if (!key.startsWith(first)) return false;
  const last = others.pop();
  if (last === undefined) return true;
  let from = first.length;
  for (const part of others) {
    const found = key.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return key.length - last.length >= from && key.endsWith(last);
}

function selects(filter: Filter, key: string, tags: Readonly<Record<string, string>> | undefined): Match {
  if (!key.startsWith(filter.prefix)) return 'no';
  if (filter.exclude.some((exclusion) => excludes(exclusion, key))) return 'no';
  const wanted = Object.entries(filter.tags);
  if (wanted.length === 0) return 'yes';
  if (tags === undefined) return 'needs-tags';
  return wanted.every(([name, value]) => Object.hasOwn(tags, name) && tags[name] === value) ? 'yes' : 'no';
}

/** `tags` undefined means unknown; a version without tags is `{}`. */
export function matches(
  link: Pick<Link, 'filter' | 'yieldsTo'>,
  key: string,
  tags?: Readonly<Record<string, string>>,
): Match {
  const own = selects(link.filter, key, tags);
  if (own === 'no') return 'no';
  const higher = link.yieldsTo.map((filter) => selects(filter, key, tags));
  if (higher.includes('yes')) return 'no';
  return higher.includes('needs-tags') ? 'needs-tags' : own;
}

/**
 * Markers have no tags: where tags decide, they go where some version of their key goes. `versions` are all of the
 * key's at the source; none where its listing hides the key.
 */
export function carriesMarker(
  link: Pick<Link, 'filter' | 'yieldsTo'>,
  key: string,
  versions: readonly Pick<ListedVersion, 'marker' | 'facts'>[],
): boolean {
  const match = matches(link, key);
  if (match !== 'needs-tags' || versions.length === 0) return match !== 'no';
  return versions.some(({ marker, facts }) => !marker && matches(link, key, facts?.tags) !== 'no');
}
