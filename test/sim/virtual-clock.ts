/**
 * Time that passes only when nothing is left to do: the scheduler lets every promise that can go on go on, then jumps
 * to the next timer. A day costs what happens in it.
 */
import type { Clock } from '../../functions/ports.ts';

export interface VirtualClock {
  /** Milliseconds since 1970, with fractions. */
  readonly time: number;
  /** Calls `action` in `ms` milliseconds. */
  after(ms: number, action: () => void): void;
  /** Runs what is due until the given time has come, or `done` says so. */
  run(until: number, done?: () => boolean): Promise<void>;
  /** The clock of one process: nothing that it waits for happens any more once it is dead. */
  of(life: { run(action: () => void): void }): Clock;
}

interface Timer {
  readonly at: number;
  /** Of equal times, the first that was set. */
  readonly order: number;
  readonly action: () => void;
}

export function createVirtualClock(start: number): VirtualClock {
  const timers = createQueue();
  let time = start;
  let order = 0;

  function after(ms: number, action: () => void): void {
    order += 1;
    timers.push({ at: time + Math.max(0, ms), order, action });
  }

  return {
    get time() {
      return time;
    },
    after,
    async run(until, done = () => false) {
      await settled();
      for (let next = timers.first(); next && next.at <= until && !done(); next = timers.first()) {
        timers.shift();
        time = next.at;
        next.action();
        await settled();
      }
      if (!done()) time = Math.max(time, until);
    },
    of: (life) => ({
      now: () => Math.floor(time),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason);
          const abort = (): void => life.run(() => reject(signal?.reason));
          signal?.addEventListener('abort', abort, { once: true });
          after(ms, () => {
            signal?.removeEventListener('abort', abort);
            life.run(resolve);
          });
        }),
    }),
  };
}

/** Node empties the queue of promises before it comes to the next tick. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** A binary heap, soonest first. */
function createQueue() {
  const heap: Timer[] = [];
  const isSooner = (one: Timer, other: Timer): boolean =>
    one.at < other.at || (one.at === other.at && one.order < other.order);

  function push(timer: Timer): void {
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (!parent || !isSooner(timer, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = timer;
  }

  function shift(): void {
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = heap[childAt];
      const right = heap[childAt + 1];
      if (child && right && isSooner(right, child)) {
        child = right;
        childAt += 1;
      }
      if (!child || !isSooner(child, last)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }

  return { push, shift, first: () => heap[0] };
}
