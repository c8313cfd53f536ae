/** When two sites agree on one version: every field that a replica must have as its source has it. */
import type { VersionFacts } from '../../events/object-events.ts';
import { sameTime } from '../../events/times.ts';

export interface Differences {
  /** What can only be wrong if the version was written wrongly: it is never overwritten. */
  readonly content: readonly string[];
  /** What a client may change on an existing version. */
  readonly metadata: readonly string[];
}

function sameRecord(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

const sameRetention = (one: VersionFacts['retention'], other: VersionFacts['retention']): boolean =>
  one?.mode === other?.mode &&
  (one === undefined || other === undefined || Date.parse(one.until) === Date.parse(other.until));

/** Without a retention that has ended: it binds nobody, and no store lets it be set any more. */
export function inForce(facts: VersionFacts, nowMs: number): VersionFacts {
  const { retention, ...others } = facts;
  return retention && Date.parse(retention.until) > nowMs ? facts : others;
}

/** Names of the metadata fields that differ. No legal hold and OFF mean the same. */
export function metadataDifferences(
  one: Pick<VersionFacts, 'tags' | 'retention' | 'legalHold'>,
  other: Pick<VersionFacts, 'tags' | 'retention' | 'legalHold'>,
): string[] {
  const fields: string[] = [];
  if (!sameRecord(one.tags, other.tags)) fields.push('tags');
  if (!sameRetention(one.retention, other.retention)) fields.push('retention');
  if ((one.legalHold ?? 'OFF') !== (other.legalHold ?? 'OFF')) fields.push('legalHold');
  return fields;
}

/** Names of what is fixed when a version is written, beside its content, and differs. */
export function attributeDifferences(
  one: Pick<VersionFacts, 'headers' | 'metadata'>,
  other: Pick<VersionFacts, 'headers' | 'metadata'>,
): string[] {
  const fields: string[] = [];
  if (!sameRecord(one.headers, other.headers)) fields.push('headers');
  if (!sameRecord(one.metadata, other.metadata)) fields.push('user metadata');
  return fields;
}

export function differences(source: VersionFacts, target: VersionFacts): Differences {
  const content: string[] = [];
  if (source.size !== target.size) content.push('size');
  if (source.etag !== target.etag) content.push('etag');
  if (!sameTime(source.modified, target.modified)) content.push('modified');
  content.push(...attributeDifferences(source, target));
  return { content, metadata: metadataDifferences(source, target) };
}
