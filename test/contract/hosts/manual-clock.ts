/** A clock that stands still until it is moved. */
import type { Clock } from '../../../functions/ports.ts';

export interface ManualClock extends Clock {
  /** Moves it, and wakes whoever has slept long enough, in their order. */
  advance(ms: number): Promise<void>;
  /** How many sleep. */
  readonly sleeping: number;
}

interface Sleeper {
  readonly until: number;
  wake(): void;
}

export function manualClock(start: number): ManualClock {
  let time = start;
  const sleepers = new Set<Sleeper>();

  return {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: time + ms, wake: resolve };
        const abort = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        if (signal?.aborted) return abort();
        signal?.addEventListener('abort', abort, { once: true });
        sleepers.add(sleeper);
      }),
    async advance(ms) {
      const until = time + ms;
      for (;;) {
        // Whoever was woken may go to sleep again within the same stretch.
        await settled();
        const next = [...sleepers]
          .filter((sleeper) => sleeper.until <= until)
          .sort((a, b) => a.until - b.until)[0];
        if (!next) break;
        sleepers.delete(next);
        time = Math.max(time, next.until);
        next.wake();
      }
      time = until;
      await settled();
    },
    get sleeping() {
      return sleepers.size;
    },
  };
}

/** All promises that can go on have gone on. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
