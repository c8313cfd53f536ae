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

/** The events of one notification body. Throws EventError for what is none. */
export function readNotification(site: string, body: Uint8Array, observer: IntakeObserver): CausewayEvent[] {
  const events: CausewayEvent[] = [];
  for (const read of fromMinio(site, parse(body))) {
    if ('ignored' in read) observer.ignored(site, read.ignored);
    else {
      observer.eventIn(site, read.type);
      events.push(read);
    }
  }
  return events;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
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
      await log.publish(readNotification(site, message.body, observer).map((event) => ({ event })));
    } catch (error) {
      if (!(error instanceof EventError)) return message.nak(1000);
      observer.refused(site, error.message);
      await deadLetters.add({ reason: `${site}: ${error.message}`, attempts: 1, body: message.body });
    }
    await message.ack();
  }
  // A dead letter that could not be kept leaves the message unacknowledged: it comes again.
  return feed.open((message) => void take(message).catch(() => message.nak(1000)));
}
