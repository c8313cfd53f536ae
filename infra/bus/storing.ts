/**
 * Whether NATS stores what MinIO sends. Once its disk was full, a nats-server goes on dropping the messages of a stream,
 * room or not, until it is started again; its connections and streams look well meanwhile.
 */
import { rawSubject } from '../../events/subjects.ts';
import { messageOf } from '../../functions/errors.ts';
import type { Bus } from './connection.ts';
import { NatsAwayError } from './presence.ts';
import { streamNames } from './streams.ts';

/** No site's name begins like that. */
const probe = rawSubject('_probe');

/** Says why not; undefined when it does, or when NATS itself is away. */
export async function whyNotStoring({ jetstream, manager }: Bus): Promise<string | undefined> {
  try {
    await jetstream.publish(probe, 'probe');
    await manager.streams.purge(streamNames.raw, { filter: probe });
    return undefined;
  } catch (error) {
    if (error instanceof NatsAwayError) return undefined;
    return `NATS stores no notifications (${messageOf(error)}): give its disk room and start it again`;
  }
}
