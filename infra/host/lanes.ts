/** Runs work with bounded concurrency, one at a time and in order for each key. */

export interface Lanes {
  /** Calls `work` when its turn comes; it must not reject. Says whether it has to wait for other work of its key. */
  add(key: string, work: () => Promise<void>): boolean;
  /** Work that waits or runs. */
  readonly size: number;
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>;
}

export function createLanes(concurrency: number): Lanes {
  const lanes = new Map<string, (() => Promise<void>)[]>();
  const ready: string[] = [];
  let running = 0;
  let size = 0;
  let whenIdle: PromiseWithResolvers<void> | undefined;

  async function runNext(key: string): Promise<void> {
    const lane = lanes.get(key);
    const work = lane?.[0];
    if (work) await work();
    lane?.shift();
    size -= 1;
    if (lane && lane.length > 0) ready.push(key);
    else lanes.delete(key);
  }

  function pump(): void {
    while (running < concurrency) {
      const key = ready.shift();
      if (key === undefined) break;
      running += 1;
      runNext(key).finally(() => {
        running -= 1;
        pump();
      });
    }
    if (size === 0) {
      whenIdle?.resolve();
      whenIdle = undefined;
    }
  }

  return {
    add(key, work) {
      size += 1;
      const lane = lanes.get(key);
      if (lane) {
        lane.push(work);
        return true;
      }
      lanes.set(key, [work]);
      ready.push(key);
      pump();
      return false;
    },
    get size() {
      return size;
    },
    idle() {
      if (size === 0) return Promise.resolve();
      whenIdle ??= Promise.withResolvers();
      return whenIdle.promise;
    },
  };
}
