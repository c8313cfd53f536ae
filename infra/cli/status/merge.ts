/** One picture of a link from what several processes wrote about it. */
import type { WrittenStatus } from '../../bus/status-store.ts';
import type { LinkStatus } from '../../host/status.ts';

export interface MergedStatus {
  readonly state: LinkStatus['state'] | 'not running';
  /** Why it is paused or broken; where only some processes are, which. */
  readonly reason: string | undefined;
  readonly processes: readonly string[];
  readonly arrivalLag: LinkStatus['arrivalLag'];
  readonly verificationLag: LinkStatus['verificationLag'];
  readonly arrived: number;
  readonly verified: number;
  readonly restored: number;
  readonly orphans: number;
  readonly copied: number;
  readonly copiedBytes: number;
  readonly bytesPerSecond: number;
}

/** Each process writes every two seconds: who has not for this long does not run. */
const silentMs = 10_000;

export function mergeStatuses(link: string, written: readonly WrittenStatus[]): MergedStatus {
  const running = written
    .filter(({ status, ageMs }) => status.link === link && ageMs <= silentMs)
    .map(({ status }) => status);
  const sum = (figure: (status: LinkStatus) => number): number =>
    running.reduce((total, status) => total + figure(status), 0);
  return {
    ...stateOf(running),
    processes: running.map((status) => status.process),
    arrivalLag: slowest(running.map((status) => status.arrivalLag)),
    verificationLag: slowest(running.map((status) => status.verificationLag)),
    arrived: sum((status) => status.arrived),
    verified: sum((status) => status.verified),
    restored: sum((status) => status.restored),
    orphans: sum((status) => status.orphans),
    copied: sum((status) => status.copied),
    copiedBytes: sum((status) => status.copiedBytes),
    bytesPerSecond: sum((status) => status.bytesPerSecond),
  };
}

/**
 * A link works while one process can work; that another waits for a site is still told. What one process finds broken
 * is broken for all: its walks are made by one of them at a time.
 */
function stateOf(running: readonly LinkStatus[]): Pick<MergedStatus, 'state' | 'reason'> {
  if (running.length === 0) return { state: 'not running', reason: undefined };
  const waiting = running.filter(({ state }) => state === 'paused');
  if (waiting.length === running.length) return { state: 'paused', reason: waiting[0]?.reason };
  const broken = running.find(({ state }) => state === 'broken');
  if (broken) return { state: 'broken', reason: broken.reason };
  const reasons = waiting.map(({ process, reason }) => `paused in ${process}: ${reason}`);
  return { state: 'healthy', reason: reasons.length > 0 ? reasons.join('; ') : undefined };
}

/** Quantiles of different processes cannot be added up: the slowest process is told. */
function slowest(lags: readonly LinkStatus['arrivalLag'][]): LinkStatus['arrivalLag'] {
  const known = lags.filter((lag) => lag !== undefined);
  if (known.length === 0) return undefined;
  return { p50: Math.max(...known.map(({ p50 }) => p50)), p99: Math.max(...known.map(({ p99 }) => p99)) };
}
