/** What two listings say of one key's versions, as findings; what is done about them is scan-retry's matter. */
import { sameTime } from '../../events/times.ts';
import type { ListedVersion } from '../ports.ts';
import { attributeDifferences, type Differences, metadataDifferences } from './compare.ts';
import { rankedTime } from './order.ts';
import { nullVersion } from './placing.ts';
import type { ListedKey } from './walk.ts';

export type Finding =
  /** The source lists it, the target does not. `modified`: the time to give the replica. */
  | { readonly kind: 'missing'; readonly version: ListedVersion; readonly modified: string }
  /** The target lists it, the source does not. */
  | { readonly kind: 'extra'; readonly version: ListedVersion }
  /** Both list it with other tags. */
  | { readonly kind: 'metadata'; readonly version: ListedVersion; readonly replica: ListedVersion }
  /** Both list it, and what may never differ does. */
  | {
      readonly kind: 'content';
      readonly version: ListedVersion;
      readonly replica: ListedVersion;
      readonly fields: readonly string[];
    };

/** What two sites say differently of one version, as far as both tell it. */
export function listedDifferences(one: ListedVersion, other: ListedVersion): Differences {
  if (one.marker !== other.marker) return { content: ['kind'], metadata: [] };
  const content: string[] = [];
  if (one.size !== other.size) content.push('size');
  if (one.etag !== other.etag) content.push('etag');
  // A null version that is written again with the same content keeps its time at a target that finds it there.
  if (one.versionId !== nullVersion && !sameTime(one.modified, other.modified)) content.push('modified');
  if (!one.facts || !other.facts) return { content, metadata: [] };
  content.push(...attributeDifferences(one.facts, other.facts));
  return { content, metadata: metadataDifferences(one.facts, other.facts) };
}

export function compareKey(listed: ListedKey): Finding[] {
  const findings: Finding[] = [];
  const atTarget = new Map(listed.target.map((version) => [version.versionId, version]));
  for (const [index, version] of listed.source.entries()) {
    const replica = atTarget.get(version.versionId);
    atTarget.delete(version.versionId);
    if (!replica) {
      findings.push({
        kind: 'missing',
        version,
        modified: rankedTime(listed.source, index) ?? version.modified,
      });
      continue;
    }
    const { content, metadata } = listedDifferences(version, replica);
    if (content.length > 0) findings.push({ kind: 'content', version, replica, fields: content });
    if (metadata.length > 0) findings.push({ kind: 'metadata', version, replica });
  }
  for (const version of atTarget.values()) findings.push({ kind: 'extra', version });
  // Oldest first: so are versions of one key sent.
  return findings.reverse();
}
