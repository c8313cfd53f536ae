/** Calls `work` now and each `ms` after it ended, until `signal` aborts. */
import type { Clock } from '../../functions/ports.ts';

export function every(ms: number, signal: AbortSignal, clock: Clock, work: () => Promise<void>): void {
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await work();
      await clock.sleep(ms, signal);
    }
  };
  // The one rejection is the end of the wait by the signal.
  loop().catch(() => undefined);
}
