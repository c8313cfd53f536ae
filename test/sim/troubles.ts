/** When the troubles of a world happen: outages, crashes, pauses, stops, losses; all over when its workload is. */
import type { Faults } from './faults.ts';
import type { Network } from './network.ts';
import type { SimProcess } from './process.ts';
import type { Random } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface TroubleOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  readonly faults: Faults;
  readonly sites: readonly string[];
  readonly durationMs: number;
  readonly running: () => readonly SimProcess[];
  readonly loseStream: () => void;
  readonly trace: (line: () => string) => void;
}

const longestOutageMs = 40_000;
const longestPauseMs = 80_000;

export function scheduleTroubles(options: TroubleOptions): void {
  const { clock, random, network, faults, durationMs, trace } = options;

  function times(count: number, happen: () => void): void {
    for (let index = 0; index < count; index += 1) clock.after(durationMs * random.next(), happen);
  }

  function outage(where: string): void {
    network.down(where, true);
    clock.after(longestOutageMs * random.next() ** 2, () => network.down(where, false));
  }

  function toSomeProcess(what: string, act: (process: SimProcess) => void): () => void {
    return () => {
      const processes = options.running();
      if (processes.length === 0) return;
      const chosen = random.pick(processes);
      trace(() => `${chosen.life.name}: ${what}`);
      act(chosen);
    };
  }

  times(faults.siteOutages, () => outage(random.pick(options.sites)));
  times(faults.natsOutages, () => outage('nats'));
  times(
    faults.crashes,
    toSomeProcess('crash', ({ life }) => life.crash()),
  );
  times(
    faults.pauses,
    toSomeProcess('pause', ({ life }) => life.pause(longestPauseMs * random.next())),
  );
  times(
    faults.stops,
    toSomeProcess('stop', (one) => void one.stop()),
  );
  times(faults.streamLosses, options.loseStream);
}
