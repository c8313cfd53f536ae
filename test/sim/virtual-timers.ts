/** The global timers on virtual time, for code that waits without being given a clock; undone at the end of scope. */
import type { VirtualClock } from './virtual-clock.ts';

export function virtualTimers(clock: VirtualClock): Disposable {
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  Object.assign(globalThis, {
    setTimeout(action: () => void, ms = 0) {
      const timer = { isCleared: false };
      clock.after(ms, () => {
        if (!timer.isCleared) action();
      });
      return timer;
    },
    clearTimeout(timer: { isCleared: boolean } | undefined) {
      if (timer) timer.isCleared = true;
    },
  });
  return {
    [Symbol.dispose]: () => void Object.assign(globalThis, { setTimeout: realSet, clearTimeout: realClear }),
  };
}
