/** What the rules want of a site: its buckets, and what is read from, written to and announced by each. */
import type { Link } from '../../functions/ports.ts';

export interface BucketNeed {
  readonly bucket: string;
  readonly isSource: boolean;
  readonly isTarget: boolean;
  /** Prefixes of the rules that start here. */
  readonly prefixes: readonly string[];
  /** The shortest interval of the walks that start here. */
  readonly scanEveryMs: number;
}

export function needsOf(links: readonly Link[], site: string): BucketNeed[] {
  const ends = links.flatMap((link) => [link.source, link.target]).filter((end) => end.site === site);
  const buckets = [...new Set(ends.map(({ bucket }) => bucket))];
  return buckets.map((bucket) => {
    const isHere = (end: Link['source']): boolean => end.site === site && end.bucket === bucket;
    const from = links.filter(({ source }) => isHere(source));
    const into = links.filter(({ target }) => isHere(target));
    return {
      bucket,
      isSource: from.length > 0,
      isTarget: into.length > 0,
      prefixes: [...new Set(from.map(({ filter }) => filter.prefix))],
      scanEveryMs: Math.min(...[...from, ...into].map(({ scanEveryMs }) => scanEveryMs)),
    };
  });
}
