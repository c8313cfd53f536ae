/**
 * Whether sites and their buckets are as replication needs them: doctor's questions, asked when a document changed, again
 * and again while something is missing, and now and then after that. They change nothing at the site.
 */
import { messageOf } from '../../functions/errors.ts';
import type { Clock, Link } from '../../functions/ports.ts';
import type { LoadedSite } from '../config/documents.ts';
import { checkBucket } from '../doctor/bucket.ts';
import { type Check, reportFor } from '../doctor/check.ts';
import { checkPermissions } from '../doctor/permissions.ts';
import { type Patient, reach } from '../doctor/reach.ts';
import { needsOf } from '../doctor/site-needs.ts';
import type { Wire } from '../stores/wire.ts';
import type { Problem } from './plan.ts';

export interface HealthOptions {
  openWire(site: LoadedSite): Wire;
  readonly clock: Clock;
}

export interface Health {
  /** The site by itself: undefined where it answers, and takes the keys. */
  ofSite(site: LoadedSite): Promise<Problem | undefined>;
  /** What a rule needs of a site, beyond that. */
  ofLinks(site: LoadedSite, links: readonly Link[]): Promise<Problem | undefined>;
}

const deadlineMs = 5_000;

export function createHealth({ openWire, clock }: HealthOptions): Health {
  async function visit(
    site: LoadedSite,
    ask: (patient: Patient) => Promise<readonly Check[]>,
  ): Promise<Problem | undefined> {
    const { name } = site.metadata;
    const wire = openWire(site);
    try {
      const patient = { site, wire, deadlineMs, report: reportFor(name), now: () => clock.now() };
      return problemOf(await ask(patient));
    } catch (error) {
      return { reason: 'Unreachable', message: messageOf(error) };
    } finally {
      await wire.close();
    }
  }

  return {
    ofSite: (site) => visit(site, async (patient) => (await reach(patient)).checks),
    ofLinks: (site, links) =>
      visit(site, async (patient) => {
        const needs = needsOf(links, site.metadata.name);
        const found = await Promise.all(
          needs.map(async (need) => ({ need, ...(await checkBucket(patient, need)) })),
        );
        const buckets = found
          .filter(({ isThere }) => isThere)
          .map(({ need, objectLock = false }) => ({ need, objectLock }));
        const permissions = buckets.length > 0 ? [await checkPermissions(patient, buckets)] : [];
        // Without permissions little else can be asked.
        return [...permissions, ...found.flatMap(({ checks }) => checks)];
      }),
  };
}

const reasons: Readonly<Record<Check['check'], string>> = {
  documents: 'Invalid',
  nats: 'NatsAway',
  reachable: 'Unreachable',
  dialect: 'NotMinio',
  clock: 'ClockSkew',
  credentials: 'CredentialsRefused',
  bucket: 'BucketMissing',
  permissions: 'PermissionMissing',
  events: 'EventsMissing',
  receivers: 'ReceiverUnusable',
};

function problemOf(checks: readonly Check[]): Problem | undefined {
  const failed = checks.find(({ status }) => status === 'failed');
  if (!failed) return undefined;
  const { check, message, fix } = failed;
  const reason =
    check === 'bucket' && /versioning is (off|suspended)/.test(message) ? 'VersioningOff' : reasons[check];
  return { reason, message: fix === undefined ? message : `${message}. Do this: ${fix}` };
}
