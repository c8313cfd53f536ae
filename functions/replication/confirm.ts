/**
 * Compares one key's versions at both ends of a link. What listings say differs is looked at again by its ID before
 * it is called a difference: listings hide nested keys, and work may be under way.
 */
import type { VersionRef } from '../../events/object-events.ts';
import type { Link, ListedVersion, Look, ObjectStore } from '../ports.ts';
import { compareKey, type Finding, listedDifferences } from './compare-key.ts';
import { bucketMissing, nullVersion } from './placing.ts';
import { matches } from './rule-match.ts';
import { readBoth } from './same-content.ts';
import type { ListedKey } from './walk.ts';

export type Side = 'source' | 'target';

export type Difference =
  /** `at` is the side that lacks it; `version` is what the other one shows. */
  | { readonly kind: 'missing'; readonly at: Side; readonly version: ListedVersion }
  | {
      readonly kind: 'differs';
      readonly version: ListedVersion;
      readonly other: ListedVersion;
      readonly fields: readonly string[];
    }
  /** Its content cannot be read, so nobody knows whether it differs. */
  | { readonly kind: 'unreadable'; readonly version: ListedVersion; readonly reason: string };

export interface ComparedKey {
  readonly key: string;
  /** Version IDs that the rule concerns, at either side. */
  readonly versions: number;
  readonly differences: readonly Difference[];
  /** Two-way rules do not replicate them: told apart, and no difference. */
  readonly nullVersions: readonly { readonly at: Side; readonly version: ListedVersion }[];
  /** Left at the target by a rule that leaves purges alone. */
  readonly kept: number;
  readonly bytesRead: number;
}

export interface Comparison {
  readonly link: Link;
  readonly source: ObjectStore;
  readonly target: ObjectStore;
  /** Reads the content of both sides. */
  readonly deep: boolean;
  /** With existingObjects off: what is older is not missed. RFC 3339. */
  readonly since?: string | undefined;
}

export async function compareVersions(comparison: Comparison, listed: ListedKey): Promise<ComparedKey> {
  const { link } = comparison;
  const concerned = concernedIds(link, listed);
  const isNull = ({ versionId }: ListedVersion): boolean => link.twoWay && versionId === nullVersion;
  const isOurs = (version: ListedVersion): boolean => concerned.has(version.versionId) && !isNull(version);
  const ours = {
    key: listed.key,
    source: listed.source.filter(isOurs),
    target: listed.target.filter(isOurs),
  };
  const found: Difference[] = [];
  let kept = 0;
  let bytesRead = 0;

  for (const finding of findingsOf(ours)) {
    const confirmed = await confirm(comparison, finding);
    if (confirmed === 'kept') kept += 1;
    else if (confirmed) found.push(confirmed);
  }
  if (comparison.deep) {
    for (const [version, other] of pairs(ours)) {
      const { difference, bytes } = await compareContent(comparison, version, other);
      bytesRead += bytes;
      if (difference) found.push(difference);
    }
  }
  const [latest, otherLatest] = [latestOf(ours.source), latestOf(ours.target)];
  const isOrderKnown = found.every(({ kind }) => kind !== 'missing') && kept === 0;
  if (latest && otherLatest && latest.versionId !== otherLatest.versionId && isOrderKnown) {
    const other = ours.target.find(({ versionId }) => versionId === latest.versionId);
    if (other) found.push({ kind: 'differs', version: latest, other, fields: ['latest'] });
  }
  const nulls = (at: Side) => listed[at].filter(isNull).map((version) => ({ at, version }));
  return {
    key: listed.key,
    versions: new Set([...ours.source, ...ours.target].map(({ versionId }) => versionId)).size,
    differences: merged(found),
    nullVersions: [...nulls('source'), ...nulls('target')],
    kept,
    bytesRead,
  };
}
