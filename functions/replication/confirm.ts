/**
 * What both ends of a link say of one version when they are asked for it by its ID. Listings hide nested keys, and
 * work may be under way: what they say differs is asked for before it is called a difference.
 */
import type { Clock, Link, ListedVersion, Look, ObjectStore } from '../ports.ts';
import { listedDifferences } from './compare-key.ts';
import { bucketMissing } from './placing.ts';

export type Side = 'source' | 'target';

export interface Ends {
  readonly link: Link;
  readonly source: ObjectStore;
  readonly target: ObjectStore;
  readonly clock: Clock;
}

export interface FieldDifference {
  /** As in compare.ts; beside these `kind`, `latest` and `content` (SHA-256). */
  readonly field: string;
  readonly source: unknown;
  readonly target: unknown;
}

export type Difference =
  /** `at` lacks it; `version` is what the other side shows. */
  | { readonly kind: 'missing'; readonly at: Side; readonly version: ListedVersion }
  | {
      readonly kind: 'differs';
      readonly version: ListedVersion;
      readonly fields: readonly FieldDifference[];
    }
  /** Nobody knows whether it differs. */
  | { readonly kind: 'unreadable'; readonly version: ListedVersion; readonly reason: string };

/** Undefined where there is none: both agree, or neither has it any longer. */
export async function confirm(ends: Ends, listed: ListedVersion): Promise<Difference | undefined> {
  const [source, target] = await Promise.all([ask(ends, 'source', listed), ask(ends, 'target', listed)]);
  if (source && target) {
    const fields = fieldsThatDiffer(ends, source, target);
    return fields.length > 0 ? { kind: 'differs', version: listed, fields } : undefined;
  }
  const shown = source ?? target;
  if (!shown) return undefined;
  // The listing tells its time more exactly.
  return {
    kind: 'missing',
    at: source ? 'target' : 'source',
    version: { ...listed, replica: shown.replica },
  };
}

/** Undefined where the side does not have it. */
async function ask(ends: Ends, side: Side, listed: ListedVersion): Promise<ListedVersion | undefined> {
  const { site, bucket } = ends.link[side];
  const look = await ends[side].look({ bucket, key: listed.key, versionId: listed.versionId });
  if (look.state !== 'absent') return seen(listed, look);
  if (look.missing === 'bucket') throw bucketMissing(site, bucket);
  return undefined;
}

/** What a look says, as a listing would; with the Expires header, which no listing tells. */
export function seen(
  { key, versionId, latest }: Pick<ListedVersion, 'key' | 'versionId' | 'latest'>,
  look: Exclude<Look, { state: 'absent' }>,
): ListedVersion {
  const named = { key, versionId, latest, replica: look.replica };
  if (look.state === 'marker') {
    return { ...named, marker: true, modified: look.modified, size: 0, etag: '' };
  }
  const { size, etag, modified } = look.facts;
  return { ...named, marker: false, modified, size, etag, facts: look.facts };
}

/**
 * The rule may leave metadata alone; a retention that has ended binds nobody, and cannot be set any more; and a
 * marker's time is not exact where no listing shows it.
 */
export function fieldsThatDiffer(
  { link, clock }: Ends,
  source: ListedVersion,
  target: ListedVersion,
): FieldDifference[] {
  if (source.marker && target.marker) return [];
  const { content, metadata } = listedDifferences(source, target);
  const isBound = [source, target].some(
    ({ facts }) => facts?.retention && Date.parse(facts.retention.until) > clock.now(),
  );
  const kept = metadata.filter((field) => field !== 'retention' || isBound);
  return valuesOf([...content, ...(link.metadataChanges ? kept : [])], source, target);
}

export const valuesOf = (
  fields: readonly string[],
  source: ListedVersion,
  target: ListedVersion,
): FieldDifference[] =>
  fields.map((field) => ({ field, source: fieldOf(source, field), target: fieldOf(target, field) }));

function fieldOf(version: ListedVersion, field: string): unknown {
  const { facts } = version;
  const values: Readonly<Record<string, unknown>> = {
    ...version,
    ...facts,
    kind: version.marker ? 'delete marker' : 'object',
    'user metadata': facts?.metadata,
  };
  return values[field];
}
