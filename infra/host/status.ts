/** What each link is doing, written every two seconds where `status` reads it: one entry for a link and process. */
import type { KV } from '@nats-io/kv';
import { z } from 'zod';
import type { Clock, Link } from '../../functions/ports.ts';
import type { LedgerCounts } from '../bus/ledger-bucket.ts';
import type { LinkTotals, Telemetry } from '../telemetry/metrics.ts';
import type { Gate } from './gate.ts';

const lag = z.object({ p50: z.number(), p99: z.number() }).optional();

export const linkStatusSchema = z.object({
  link: z.string(),
  process: z.string(),
  state: z.enum(['healthy', 'paused', 'broken']),
  /** Paused: a site does not answer. Broken: a walk finds that the rule cannot hold. Why, in words. */
  reason: z.string().optional(),
  /** Events that wait or are being handled; null while the stream does not say. */
  backlog: z.number().nullable(),
  oldestPendingMs: z.number(),
  /** Milliseconds, over the last thousand versions. */
  arrivalLag: lag,
  verificationLag: lag,
  arrived: z.number(),
  verified: z.number(),
  /** In the ledger: tried in vain so far. */
  failed: z.number(),
  /** In the ledger: waiting for its time, as it should. */
  planned: z.number(),
  parked: z.number(),
  restored: z.number(),
  orphans: z.number(),
  bytes: z.number(),
  /** Of these, versions and bytes that did not cross the link: the target had their content. */
  copied: z.number(),
  copiedBytes: z.number(),
  bytesPerSecond: z.number(),
  at: z.string(),
});
export type LinkStatus = z.infer<typeof linkStatusSchema>;

export interface StatusSources {
  readonly link: Link;
  readonly process: string;
  readonly gate: Gate | undefined;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  backlog(): Promise<number>;
  ledger(): Promise<LedgerCounts>;
  /** When the oldest message held here was stored; undefined if none is. */
  oldest(): number | undefined;
  /** The entry written before, for rates. */
  readonly before: LinkStatus | undefined;
}

export async function linkStatus(sources: StatusSources): Promise<LinkStatus> {
  const { link, gate, telemetry, clock, before } = sources;
  const totals = telemetry.totals(link.id);
  const known = { failed: before?.failed ?? 0, planned: before?.planned ?? 0 };
  // While NATS is away, what the process itself knows can still be told.
  const counts = await sources.ledger().catch(() => known);
  const backlog = await sources.backlog().catch(() => null);
  const now = clock.now();
  const oldestPendingMs = now - (sources.oldest() ?? now);
  if (backlog !== null) telemetry.backlog(link.id, backlog, oldestPendingMs);
  const { state, reason } = stateOf(gate, totals);
  const seconds = before ? Math.max(0.001, (now - Date.parse(before.at)) / 1000) : 1;
  return {
    link: link.id,
    process: sources.process,
    state,
    ...(reason === undefined ? {} : { reason }),
    backlog,
    oldestPendingMs,
    arrivalLag: quantiles(totals.arrivalLag),
    verificationLag: quantiles(totals.verificationLag),
    arrived: totals.arrived,
    verified: totals.verified,
    ...counts,
    parked: totals.parked,
    restored: totals.restored,
    orphans: totals.orphans,
    bytes: totals.bytes,
    copied: totals.copied,
    copiedBytes: totals.copiedBytes,
    bytesPerSecond: Math.round(Math.max(0, totals.bytes - (before?.bytes ?? totals.bytes)) / seconds),
    at: new Date(now).toISOString(),
  };
}

function stateOf(gate: Gate | undefined, { trouble }: LinkTotals): Pick<LinkStatus, 'state' | 'reason'> {
  if (gate?.state.state === 'paused') return { state: 'paused', reason: gate.state.reason };
  if (trouble !== undefined) return { state: 'broken', reason: trouble };
  return { state: 'healthy' };
}

function quantiles(recent: { quantile(share: number): number | undefined }): LinkStatus['arrivalLag'] {
  const [p50, p99] = [recent.quantile(0.5), recent.quantile(0.99)];
  return p50 === undefined || p99 === undefined ? undefined : { p50, p99 };
}

export const writeStatus = async (kv: KV, status: LinkStatus): Promise<void> => {
  await kv.put(`${status.link}.${status.process}`, JSON.stringify(status));
};
