/** Turns a site's raw notifications on the stream into events on the stream: acknowledged when the events are there. */
import { type CausewayEvent, EventError } from '../../events/cloudevent.ts';
import { fromMinio } from '../../events/sources/minio.ts';
import { messageOf } from '../../functions/errors.ts';
import type { Entrance } from './entrance.ts';
import type { DeadLetters, Feed, HeldMessage, OpenFeed } from './ports.ts';

export interface IntakeObserver {
  eventIn(site: string, type: string): void;
  ignored(site: string, what: string): void;
  refused(site: string, reason: string): void;
}

export interface Intake {
  readonly entrance: Entrance;
  readonly deadLetters: DeadLetters;
  readonly observer: IntakeObserver;
}

/**
 * Puts the events of one notification on the stream; resolves when they are there. What is no notification becomes a
 * dead letter, since its sender would only send it again and keep the next ones waiting: resolves to the reason.
 */
export const takeNotification = (
  site: string,
  body: Uint8Array,
  intake: Intake,
): Promise<string | undefined> =>
  intake.entrance.once(site, body, () => readNotification(site, body, intake));

async function readNotification(
  site: string,
  body: Uint8Array,
  { entrance, deadLetters, observer }: Intake,
): Promise<string | undefined> {
  let read: ReturnType<typeof fromMinio>;
  try {
    read = fromMinio(site, parse(body));
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    await deadLetters.add({ reason: `${site}: ${error.message}`, attempts: 1, body });
    observer.refused(site, error.message);
    return error.message;
  }
  const fresh = await entrance.admit(read.filter((one): one is CausewayEvent => 'type' in one));
  // Counted when it is on the stream: what comes again is counted once.
  for (const { type } of fresh) observer.eventIn(site, type);
  for (const one of read) if ('ignored' in one) observer.ignored(site, one.ignored);
  return undefined;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new EventError('malformed', `not JSON: ${messageOf(cause)}`);
  }
}

export interface IntakeOptions extends Intake {
  readonly site: string;
  readonly feed: Feed;
}

export function startIntake({ site, feed, ...intake }: IntakeOptions): Promise<OpenFeed> {
  async function take(message: HeldMessage): Promise<void> {
    await takeNotification(site, message.body, intake);
    await message.ack();
  }
  // What could neither be taken nor kept stays unacknowledged: it comes again.
  return feed.open((message) => void take(message).catch(() => message.nak(1000)));
}
