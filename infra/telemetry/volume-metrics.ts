/** What is counted of volumes, in the process that looks after them. */
import { Gauge, type Registry } from 'prom-client';

export interface VolumeMeter {
  /** `missed`: times of the schedule that had no sync; `lastSync`: RFC 3339. */
  synced(
    volume: { readonly namespace: string; readonly name: string },
    facts: { readonly missed: number | undefined; readonly lastSync: string | undefined },
  ): void;
  gone(volume: { readonly namespace: string; readonly name: string }): void;
  /** Another process tells of all of them now. */
  left(): void;
}

export function createVolumeMeter(registry: Registry): VolumeMeter {
  const gauge = (name: string, help: string) =>
    new Gauge({
      name: `causeway_volume_${name}`,
      help,
      labelNames: ['namespace', 'name'] as const,
      registers: [registry],
    });
  const missedIntervals = gauge('missed_intervals', 'Times of the schedule that had no sync');
  const lastSync = gauge('last_sync_timestamp_seconds', 'When the last sync was complete at this end');
  return {
    synced({ namespace, name }, facts) {
      const of = { namespace, name };
      if (facts.missed === undefined) missedIntervals.remove(of);
      else missedIntervals.set(of, facts.missed);
      if (facts.lastSync === undefined) lastSync.remove(of);
      else lastSync.set(of, Date.parse(facts.lastSync) / 1000);
    },
    gone({ namespace, name }) {
      missedIntervals.remove({ namespace, name });
      lastSync.remove({ namespace, name });
    },
    left() {
      missedIntervals.reset();
      lastSync.reset();
    },
  };
}
