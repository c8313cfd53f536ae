/** The clock → scan.due: one event for each link and interval, whoever makes it. */
import { type CausewayEvent, makeEvent } from '../cloudevent.ts';
import { identify } from '../identity.ts';

export function scanDue(link: string, everyMs: number, nowMs: number): CausewayEvent {
  const slot = new Date(Math.floor(nowMs / everyMs) * everyMs).toISOString();
  return makeEvent(
    { type: 'dev.causeway.scan.due.v1', data: { link, slot } },
    { id: identify('scan', link, slot), source: 'causeway:schedule', time: new Date(nowMs).toISOString() },
  );
}
