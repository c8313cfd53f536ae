/** One run of one process: it may die, and what it waited for never happens; or stand still, and go on later. */
import type { VirtualClock } from './virtual-clock.ts';

export interface Life {
  readonly name: string;
  readonly alive: boolean;
  /** Runs `action` in the process: not at all if it is dead, later if it stands still. */
  run(action: () => void): void;
  crash(): void;
  onCrash(action: () => void): void;
  pause(ms: number): void;
}

export function createLife(name: string, clock: VirtualClock): Life {
  const atCrash: (() => void)[] = [];
  let alive = true;
  let waiting: (() => void)[] | undefined;

  return {
    name,
    get alive() {
      return alive;
    },
    run(action) {
      if (!alive) return;
      if (waiting) waiting.push(action);
      else action();
    },
    crash() {
      if (!alive) return;
      alive = false;
      waiting = undefined;
      for (const action of atCrash) action();
    },
    onCrash: (action) => void atCrash.push(action),
    pause(ms) {
      if (!alive || waiting) return;
      waiting = [];
      clock.after(ms, () => {
        const actions = waiting ?? [];
        waiting = undefined;
        for (const action of actions) if (alive) action();
      });
    },
  };
}
