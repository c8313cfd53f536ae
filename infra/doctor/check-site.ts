/** All checks of one site, in the order in which they build on each other. */
import { messageOf } from '../../functions/errors.ts';
import type { Link } from '../../functions/ports.ts';
import { checkBucket } from './bucket.ts';
import type { Check, CheckName } from './check.ts';
import { checkEvents, type EventContext } from './events.ts';
import { type Bucket, checkPermissions } from './permissions.ts';
import { type Patient, reach } from './reach.ts';
import { checkReceivers } from './receivers.ts';
import { needsOf } from './site-needs.ts';

export interface SiteChecked {
  readonly checks: readonly Check[];
  /** Buckets that are there, and whether they can hold locks. */
  readonly objectLocks: ReadonlyMap<string, boolean>;
}

export async function checkSite(
  patient: Patient,
  links: readonly Link[],
  events: EventContext,
): Promise<SiteChecked> {
  const [{ checks: reached, isOver }, receivers] = await Promise.all([
    reach(patient),
    checkReceivers(patient, links),
  ]);
  const checks = [...reached, ...receivers];
  if (isOver) return { checks, objectLocks: new Map() };
  const needs = needsOf(links, patient.site.metadata.name);
  if (needs.length === 0) {
    const unused = patient.report.warning('bucket', 'no rule names this site');
    return { checks: [...checks, unused], objectLocks: new Map() };
  }
  const found = await Promise.all(
    needs.map((need) =>
      guarded(patient, 'bucket', () => checkBucket(patient, need)).then((bucket) => ({ need, bucket })),
    ),
  );
  const buckets = found.flatMap(({ need, bucket }): Bucket[] =>
    'isThere' in bucket && bucket.isThere ? [{ need, objectLock: bucket.objectLock ?? false }] : [],
  );
  const rest = await Promise.all([
    ...(buckets.length > 0
      ? [guarded(patient, 'permissions', () => checkPermissions(patient, buckets))]
      : []),
    ...buckets
      .filter(({ need }) => need.isSource)
      .map(({ need }) => guarded(patient, 'events', () => checkEvents(patient, need, events))),
  ]);
  return {
    checks: [
      ...checks,
      ...found.flatMap(({ bucket }) => ('checks' in bucket ? bucket.checks : [bucket])),
      ...rest,
    ],
    objectLocks: new Map(buckets.map(({ need, objectLock }) => [need.bucket, objectLock])),
  };
}

/** A site that goes away meanwhile fails this check, not the others. */
async function guarded<Found>(
  { report }: Patient,
  check: CheckName,
  work: () => Promise<Found>,
): Promise<Found | Check> {
  try {
    return await work();
  } catch (error) {
    return report.failed(check, messageOf(error));
  }
}
