/**
 * Where events of sources come onto the stream. A server that notifies twice (at once, and safely) tells each of them
 * again within seconds: what was told lately is let in once. It saves work and is never relied on.
 */
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { EventLog } from './ports.ts';

export interface Entrance {
  /** Resolves, when all of them are on the stream, to those that are new. */
  admit(events: readonly CausewayEvent[]): Promise<readonly CausewayEvent[]>;
}

/** Some minutes of a busy server. */
const remembered = 16_384;

export function createEntrance(log: EventLog, most = remembered): Entrance {
  /** When it is on the stream, or that it could not be brought there. */
  const known = new Map<string, Promise<void>>();

  function bring(events: readonly CausewayEvent[]): Promise<void> {
    const stored = log.publish(events.map((event) => ({ event })));
    for (const { id } of events) known.set(id, stored);
    for (const id of known.keys()) {
      if (known.size <= most) break;
      known.delete(id);
    }
    stored.catch(() => {
      for (const { id } of events) if (known.get(id) === stored) known.delete(id);
    });
    return stored;
  }

  return {
    async admit(events) {
      const fresh = events.filter(({ id }) => !known.has(id));
      const under = events.flatMap(({ id }) => known.get(id) ?? []);
      await Promise.all([...under, ...(fresh.length > 0 ? [bring(fresh)] : [])]);
      return fresh;
    },
  };
}
