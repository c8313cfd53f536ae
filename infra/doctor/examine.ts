/** Doctor's whole round: NATS, every site, and what two sites must have in common. */
import { join } from 'node:path';
import type { Link } from '../../functions/ports.ts';
import type { Documents, LoadedSite } from '../config/documents.ts';
import type { NatsServers } from '../config/nats-url.ts';
import type { Wire } from '../stores/wire.ts';
import { type Check, reportFor } from './check.ts';
import { checkSite, type SiteChecked } from './check-site.ts';
import { checkNats, hasNotified } from './nats.ts';

export interface Examination {
  readonly documents: Documents;
  readonly links: readonly Link[];
  readonly nats: NatsServers | undefined;
  /** Where `up` keeps what it knows of a NATS of its own; undefined if another one is used. */
  readonly ownNatsDir: string | undefined;
  readonly hasWebhookToken: boolean;
  readonly deadlineMs: number;
  openWire(site: LoadedSite): Wire;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Site by site, in the documents' order. */
export async function* examine(examination: Examination): AsyncGenerator<Check> {
  const { documents, links, nats, ownNatsDir, hasWebhookToken, deadlineMs, now } = examination;
  const { check, bus } = await checkNats(nats);
  yield check;
  try {
    const stateFile = ownNatsDir === undefined ? undefined : join(ownNatsDir, 'nats.json');
    const visit = async (site: LoadedSite): Promise<SiteChecked> => {
      const { name } = site.metadata;
      const wire = examination.openWire(site);
      try {
        const patient = { site, wire, deadlineMs, report: reportFor(name), now };
        const notified = await hasNotified(bus, name);
        return await checkSite(patient, links, { nats, stateFile, hasWebhookToken, hasNotified: notified });
      } finally {
        await wire.close();
      }
    };
    const visits = documents.sites.map((site) => ({ site, checked: visit(site) }));
    // Whoever is slow is waited for in turn; nobody's failure may go unheard.
    for (const { checked } of visits) checked.catch(() => undefined);
    const objectLocks = new Map<string, SiteChecked['objectLocks']>();
    for (const { site, checked } of visits) {
      const { checks, objectLocks: locks } = await checked;
      yield* checks;
      objectLocks.set(site.metadata.name, locks);
    }
    yield* compareLocks(links, objectLocks);
  } finally {
    await bus?.close();
  }
}

/** A version with a retention cannot be written into a bucket without object lock. */
function compareLocks(
  links: readonly Link[],
  found: ReadonlyMap<string, SiteChecked['objectLocks']>,
): Check[] {
  const lockAt = ({ site, bucket }: Link['source']): boolean | undefined => found.get(site)?.get(bucket);
  return links
    .filter(({ source, target }) => lockAt(source) === true && lockAt(target) === false)
    .map(({ source, target }) =>
      reportFor(target.site).warning(
        'bucket',
        `${target.bucket} has no object lock, and ${source.site}/${source.bucket} has: versions with a retention or a legal hold cannot come here`,
        `object lock is chosen when a bucket is made: mc mb --with-lock ${target.site}/ANOTHER-BUCKET`,
      ),
    );
}
