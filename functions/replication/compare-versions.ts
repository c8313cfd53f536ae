/** Compares one key's versions at both ends of a link, as far as the rule concerns them: findings, confirmed. */
import type { Link, ListedVersion } from '../ports.ts';
import { compareContent } from './compare-content.ts';
import { compareKey } from './compare-key.ts';
import { confirm, type Difference, type Ends, type Side, valuesOf } from './confirm.ts';
import { nullVersion } from './placing.ts';
import { carriesMarker, matches } from './rule-match.ts';
import type { ListedKey } from './walk.ts';

export interface Comparison extends Ends {
  /** Reads the content of both sides. */
  readonly deep: boolean;
  /** Where the rule leaves existing objects alone: older ones are not missed. RFC 3339. */
  readonly since?: string | undefined;
}

export interface ComparedKey {
  readonly key: string;
  /** Versions that the rule concerns, at either side. */
  readonly versions: number;
  readonly differences: readonly Difference[];
  /** Two-way rules do not replicate them: no difference, but worth telling. */
  readonly nullVersions: readonly { readonly at: Side; readonly version: ListedVersion }[];
  /** At one side only, as the rule wants it: purges, or what was there before it, left alone. */
  readonly leftAlone: number;
  readonly bytesRead: number;
}

export async function compareVersions(comparison: Comparison, listed: ListedKey): Promise<ComparedKey> {
  const { link, deep } = comparison;
  const isNull = ({ versionId }: ListedVersion): boolean => link.twoWay && versionId === nullVersion;
  const concerned = concernedIds(link, listed);
  const isOurs = (version: ListedVersion): boolean => concerned.has(version.versionId) && !isNull(version);
  const ours = {
    key: listed.key,
    source: listed.source.filter(isOurs),
    target: listed.target.filter(isOurs),
  };
  const pairs = pairsOf(ours);
  const found = [...contentFindings(ours), ...orderFindings(ours, pairs)];
  let leftAlone = 0;
  let bytesRead = 0;
  for (const version of doubtful(link, ours, pairs)) {
    const difference = await confirm(comparison, version);
    if (difference && isLeftAlone(comparison, difference)) leftAlone += 1;
    else if (difference) found.push(difference);
  }
  for (const [source, target] of deep ? pairs : []) {
    const { bytes, difference } = await compareContent(comparison, source, target);
    bytesRead += bytes;
    if (difference) found.push(difference);
  }
  const nullsAt = (at: Side) => listed[at].filter(isNull).map((version) => ({ at, version }));
  return {
    key: listed.key,
    versions: ours.source.length + ours.target.length - pairs.length,
    differences: merged(found),
    nullVersions: [...nullsAt('source'), ...nullsAt('target')],
    leftAlone,
    bytesRead,
  };
}

type Pair = readonly [source: ListedVersion, target: ListedVersion];

/** Tags may differ: what either side's make the rule's is the rule's. */
function concernedIds(link: Link, { key, source, target }: ListedKey): ReadonlySet<string> {
  const isMarkerOurs = link.deleteMarkers && carriesMarker(link, key, source);
  const ours = [...source, ...target].filter(({ marker, facts }) =>
    marker ? isMarkerOurs : matches(link, key, facts?.tags) !== 'no',
  );
  return new Set(ours.map(({ versionId }) => versionId));
}

/** In the source's order, the newest first. */
function pairsOf({ source, target }: ListedKey): Pair[] {
  const atTarget = new Map(target.map((version) => [version.versionId, version]));
  return source.flatMap((version): Pair[] => {
    const other = atTarget.get(version.versionId);
    return other ? [[version, other]] : [];
  });
}

/** What cannot change needs no second look. */
function contentFindings(ours: ListedKey): Difference[] {
  return compareKey(ours).flatMap((finding): Difference[] => {
    if (finding.kind !== 'content') return [];
    const { version, replica, fields } = finding;
    return [{ kind: 'differs', version, fields: valuesOf(fields, version, replica) }];
  });
}

/** Which version is the latest; where one is missing, that says enough. */
function orderFindings(ours: ListedKey, pairs: readonly Pair[]): Difference[] {
  const [first] = pairs;
  const isWhole = pairs.length === ours.source.length && pairs.length === ours.target.length;
  if (!isWhole || !first || first[1] === ours.target[0]) return [];
  const [source, target] = first;
  return [{ kind: 'differs', version: source, fields: valuesOf(['latest'], source, target) }];
}

/** Versions that have to be asked for by their ID. */
function doubtful(link: Link, ours: ListedKey, pairs: readonly Pair[]): ListedVersion[] {
  const found = compareKey(ours).filter(
    ({ kind }) => kind === 'missing' || kind === 'extra' || (kind === 'metadata' && link.metadataChanges),
  );
  const unlisted = pairs.filter(
    ([one, other]) => !one.marker && !other.marker && !(one.facts && other.facts),
  );
  return [...found.map(({ version }) => version), ...unlisted.map(([version]) => version)];
}

function isLeftAlone({ link, since }: Comparison, difference: Difference): boolean {
  if (difference.kind !== 'missing') return false;
  const { at, version } = difference;
  if (at === 'source') return !link.versionPurges && version.replica === true;
  return !link.existingObjects && since !== undefined && version.modified < since;
}

/** One difference a version, with all its fields. */
function merged(found: readonly Difference[]): Difference[] {
  const byVersion = new Map<string, Difference>();
  for (const difference of found) {
    const name = `${difference.kind} ${difference.version.versionId}`;
    const before = byVersion.get(name);
    if (difference.kind !== 'differs' || before?.kind !== 'differs') byVersion.set(name, difference);
    else {
      const known = new Set(before.fields.map(({ field }) => field));
      const more = difference.fields.filter(({ field }) => !known.has(field));
      byVersion.set(name, { ...before, fields: [...before.fields, ...more] });
    }
  }
  return [...byVersion.values()];
}
