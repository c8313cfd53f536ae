/** Why a link leaves a key alone, in words; the same decision as in rule-match.ts. */
import type { Link } from '../ports.ts';
import { excludes, matches } from './rule-match.ts';

/** Undefined where the link carries it. `tags` undefined: not known; then tags decide nothing. */
export function whyNot(
  link: Pick<Link, 'filter' | 'yieldsTo'>,
  key: string,
  tags?: Readonly<Record<string, string>>,
): string | undefined {
  if (matches(link, key, tags) !== 'no') return undefined;
  const { prefix, exclude, tags: wanted } = link.filter;
  if (!key.startsWith(prefix)) return `its keys begin with "${prefix}"`;
  const exclusion = exclude.find((candidate) => excludes(candidate, key));
  if (exclusion !== undefined) return `it excludes "${exclusion}"`;
  const missing = Object.entries(wanted).filter(([name, value]) => tags && tags[name] !== value);
  if (missing.length > 0) {
    return `it is for versions with ${missing.map(([name, value]) => `tag ${name}=${value}`).join(', ')}`;
  }
  return 'a rule of higher priority writes it there';
}
