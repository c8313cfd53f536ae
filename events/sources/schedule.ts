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

/** What a Knative PingSource sends. */
export const tickType = 'dev.knative.sources.ping';
/** A PingSource keeps time by cron: nothing comes more often. */
const tickEveryMs = 60_000;

/** The scans that are due at a tick: of each link whose interval has begun since the tick before. */
export const scansDueAt = (
  nowMs: number,
  links: readonly { readonly id: string; readonly scanEveryMs: number }[],
): CausewayEvent[] =>
  links
    .filter(({ scanEveryMs }) => nowMs % scanEveryMs < tickEveryMs)
    .map(({ id, scanEveryMs }) => scanDue(id, scanEveryMs, nowMs));
