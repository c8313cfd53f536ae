/** What takes snapshots' events for a command, where a site is named that the cluster stands beside. */
import type { SnapshotIntakeOptions, TakeSnapshot } from '../cluster/snapshot-intake.ts';
import { sendAgain } from '../host/http-settle.ts';
import { systemClock as clock } from '../host/system-clock.ts';

/** Whoever sends it where nobody expects it shall not take it for told. */
const unnamed: TakeSnapshot = async () =>
  sendAgain(1000, 'no site is named that this cluster stands beside: set CAUSEWAY_SITE');

export async function takeSnapshots({
  site,
  ...options
}: Omit<SnapshotIntakeOptions, 'site' | 'clock'> & {
  readonly site: string | undefined;
}): Promise<TakeSnapshot> {
  if (site === undefined) return unnamed;
  // The Kubernetes client is as large as all the rest: whoever has no cluster does not wait for it.
  const { openSnapshotIntake } = await import('../cluster/snapshot-intake.ts');
  return openSnapshotIntake({ ...options, site, clock });
}
