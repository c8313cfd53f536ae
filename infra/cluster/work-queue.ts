/**
 * Work by name: what is asked for several times before its turn is done once, what is asked for while it runs is done
 * once more, never twice at a time. What fails comes again, later each time. It holds one entry a name, no more.
 */

import type { Clock } from '../../functions/ports.ts';
import { pause } from '../host/pause.ts';

export interface WorkQueueOptions {
  /** Resolves to milliseconds after which it is to be done again; undefined when it is done. */
  work(name: string): Promise<number | undefined>;
  onFailure(name: string, error: unknown, againAfterMs: number): void;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly random?: () => number;
}

export interface WorkQueue {
  /** The sooner of two times counts. */
  add(name: string, afterMs?: number): void;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

const shortestPauseMs = 200;
const longestPauseMs = 60_000;

interface Entry {
  /** When its turn comes; undefined while nothing is to be done. */
  due: number | undefined;
  running: boolean;
  failures: number;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { work, onFailure, concurrency, clock, signal, random = Math.random } = options;
  const entries = new Map<string, Entry>();
  const running = new Set<Promise<void>>();
  let waking = new AbortController();

  function add(name: string, afterMs = 0): void {
    const entry = entries.get(name) ?? { due: undefined, running: false, failures: 0 };
    entries.set(name, entry);
    const due = clock.now() + afterMs;
    if (entry.due !== undefined && entry.due <= due) return;
    entry.due = due;
    waking.abort();
  }

  async function run(name: string, entry: Entry): Promise<void> {
    entry.due = undefined;
    entry.running = true;
    try {
      const again = await work(name);
      entry.failures = 0;
      if (again !== undefined) add(name, again);
    } catch (error) {
      const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** entry.failures);
      const afterMs = Math.round(pauseMs * (0.5 + random() / 2));
      entry.failures = Math.min(entry.failures + 1, 16);
      if (!signal.aborted) onFailure(name, error, afterMs);
      add(name, afterMs);
    } finally {
      entry.running = false;
      if (entry.due === undefined) entries.delete(name);
    }
  }

  /** Starts what is due; milliseconds until the next may be. */
  function startDue(): number {
    const now = clock.now();
    let soonest = longestPauseMs;
    for (const [name, entry] of entries) {
      if (entry.running || entry.due === undefined) continue;
      if (entry.due > now) soonest = Math.min(soonest, entry.due - now);
      else if (running.size < concurrency) {
        const ended: Promise<void> = run(name, entry).finally(() => {
          running.delete(ended);
          waking.abort();
        });
        running.add(ended);
      }
    }
    return soonest;
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      waking = new AbortController();
      const untilMs = startDue();
      await pause(clock, untilMs, AbortSignal.any([signal, waking.signal]));
    }
  }

  loop().catch(() => undefined);
  return {
    add,
    async idle() {
      await Promise.all(running);
    },
  };
}
