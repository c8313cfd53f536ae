/** Publishes events on the stream; resolves when the server has them on disk. */
import { headers } from '@nats-io/transport-node';
import { contentType, encodeEvent } from '../../events/cloudevent.ts';
import { identify } from '../../events/identity.ts';
import { subjectOf } from '../../events/subjects.ts';
import type { EventLog, Publication } from '../host/ports.ts';
import type { Bus } from './connection.ts';

/** Tries counted so far travel with a retried event, beside it: the event itself stays the same fact. */
export const attemptsHeader = 'Causeway-Attempts';

/** Publishes under way at once from one call. */
const inFlight = 256;

export function createEventLog({ jetstream }: Bus): EventLog {
  async function publishOne({ event, link, attempts }: Publication): Promise<void> {
    const head = headers();
    head.set('Content-Type', contentType);
    if (attempts !== undefined) head.set(attemptsHeader, String(attempts));
    // The dedup window saves work and is never relied on. A retry is the same event and must pass it.
    const msgID =
      attempts === undefined && link === undefined
        ? event.id
        : identify(event.id, link, attempts, event.time);
    await jetstream.publish(subjectOf(event, link), encodeEvent(event), { msgID, headers: head });
  }

  return {
    async publish(publications) {
      for (let from = 0; from < publications.length; from += inFlight) {
        await Promise.all(publications.slice(from, from + inFlight).map(publishOne));
      }
    },
  };
}
