/** Turns a site's raw notifications on the stream into events on the stream: acknowledged when the events are there. */
import { type CausewayEvent, EventError } from '../../events/cloudevent.ts';
import { fromMinio } from '../../events/sources/minio.ts';
import { messageOf } from '../../functions/errors.ts';
import type { DeadLetters, EventLog, Feed, HeldMessage, OpenFeed } from './ports.ts';

export interface IntakeObserver {
  eventIn(site: string, type: string): void;
  ignored(site: string, what: string): void;
  refused(site: string, reason: string): void;
}

/** Puts the events of one notification on the stream; resolves when they are there. Throws EventError for what is none. */
export async function takeNotification(
  site: string,
  body: Uint8Array,
  { log, observer }: { readonly log: EventLog; readonly observer: IntakeObserver },
): Promise<void> {
  const read = fromMinio(site, parse(body));
  const events = read.filter((one): one is CausewayEvent => 'type' in one);
  if (events.length > 0) await log.publish(events.map((event) => ({ event })));
  // A notification that comes again because the stream was away is counted once.
  for (const one of read) {
    if ('type' in one) observer.eventIn(site, one.type);
    else observer.ignored(site, one.ignored);
  }
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new EventError('malformed', `not JSON: ${messageOf(cause)}`);
  }
}

export interface IntakeOptions {
  readonly site: string;
  readonly feed: Feed;
  readonly log: EventLog;
  readonly deadLetters: DeadLetters;
  readonly observer: IntakeObserver;
}

export function startIntake({ site, feed, log, deadLetters, observer }: IntakeOptions): Promise<OpenFeed> {
  async function take(message: HeldMessage): Promise<void> {
    try {
      await takeNotification(site, message.body, { log, observer });
    } catch (error) {
      if (!(error instanceof EventError)) return message.nak(1000);
      await deadLetters.add({ reason: `${site}: ${error.message}`, attempts: 1, body: message.body });
      observer.refused(site, error.message);
    }
    await message.ack();
  }
  // A dead letter that could not be kept leaves the message unacknowledged: it comes again.
  return feed.open((message) => void take(message).catch(() => message.nak(1000)));
}
