/**
 * Where events of sources come onto the stream. A server that notifies twice (at once, and safely) tells each of them
 * again within seconds: what was told lately is let in once, and a notification that is the same byte for byte is not
 * read again. It saves work and is never relied on.
 */
import { hash } from 'node:crypto';
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { EventLog } from './ports.ts';
import { createRecent } from './recent.ts';

export interface Entrance {
  /** Resolves, when all of them are on the stream, to those that are new. */
  admit(events: readonly CausewayEvent[]): Promise<readonly CausewayEvent[]>;
  /** What `take` resolves to, or did lately for the same bytes from the same site. */
  once(site: string, body: Uint8Array, take: () => Promise<string | undefined>): Promise<string | undefined>;
}

/** Some minutes of a busy server. */
const remembered = 16_384;

export function createEntrance(log: EventLog, most = remembered): Entrance {
  /** When it is on the stream, or that it could not be brought there. */
  const known = createRecent<void>(most);
  const bodies = createRecent<string | undefined>(most);

  function bring(events: readonly CausewayEvent[]): Promise<void> {
    const stored = log.publish(events.map((event) => ({ event })));
    for (const { id } of events) known.set(id, stored);
    return stored;
  }

  return {
    async admit(events) {
      const fresh = events.filter(({ id }) => !known.get(id));
      const under = events.flatMap(({ id }) => known.get(id) ?? []);
      await Promise.all([...under, ...(fresh.length > 0 ? [bring(fresh)] : [])]);
      return fresh;
    },
    once(site, body, take) {
      const name = `${site} ${hash('sha256', body, 'base64')}`;
      const lately = bodies.get(name);
      if (lately) return lately;
      const taken = take();
      bodies.set(name, taken);
      return taken;
    },
  };
}
