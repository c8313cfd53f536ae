/** All that can be said of a link: by its consumer, the ledger, the dead letters, and the processes that run it. */
import type { Link } from '../../../functions/ports.ts';
import { backlogOf } from '../../bus/backlog.ts';
import type { Bus } from '../../bus/connection.ts';
import { lastSequence } from '../../bus/event-history.ts';
import { countLetters } from '../../bus/kept-letters.ts';
import { countLedger } from '../../bus/ledger-bucket.ts';
import { readStatuses } from '../../bus/status-store.ts';
import { streamNames } from '../../bus/streams.ts';
import type { LinkStatus } from '../../host/status.ts';
import { type MergedStatus, mergeStatuses } from './merge.ts';

type Lag = NonNullable<LinkStatus['arrivalLag']> | null;

/** As `status --json` prints it; null where there is nothing to tell. Lags in milliseconds. */
export interface LinkReport {
  readonly link: string;
  readonly rule: string;
  readonly state: MergedStatus['state'];
  readonly reason: string | null;
  readonly processes: readonly string[];
  readonly backlog: number | null;
  readonly oldestPendingMs: number | null;
  readonly arrivalLag: Lag;
  readonly verificationLag: Lag;
  readonly arrived: number;
  readonly verified: number;
  readonly failed: number;
  readonly planned: number;
  readonly deadLetters: number;
  readonly restored: number;
  readonly orphans: number;
  /** Versions and bytes that did not cross the link: the target had their content. */
  readonly copied: number;
  readonly copiedBytes: number;
  readonly bytesPerSecond: number;
}

export async function reportLinks(bus: Bus, links: readonly Link[], now: number): Promise<LinkReport[]> {
  // Where nothing has run yet there are no streams to ask.
  const isNew = (await lastSequence(bus, streamNames.events)) === undefined;
  const [written, letters] = isNew
    ? [[], new Map<string, number>()]
    : await Promise.all([readStatuses(bus), countLetters(bus)]);
  const reports: LinkReport[] = [];
  for (const { id, rule } of links) {
    const { reason, arrivalLag, verificationLag, ...merged } = mergeStatuses(id, written);
    const backlog = await backlogOf(bus, id);
    const ledger = isNew ? { failed: 0, planned: 0 } : await countLedger(bus, id);
    reports.push({
      link: id,
      rule,
      ...merged,
      ...ledger,
      reason: reason ?? null,
      backlog: backlog?.events ?? null,
      oldestPendingMs: backlog?.oldest ? Math.max(0, now - backlog.oldest.stored.getTime()) : null,
      arrivalLag: arrivalLag ?? null,
      verificationLag: verificationLag ?? null,
      deadLetters: letters.get(id) ?? 0,
    });
  }
  return reports;
}
