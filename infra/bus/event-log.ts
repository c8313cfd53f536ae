/**
 * Publishes events on the stream; resolves when the server has them on disk. A few go one by one, so that a repeat is
 * told by its id; what piles up meanwhile goes together in an atomic batch: one fsync for hundreds. The server refuses a
 * batch that repeats something (pinned by test/contract); its messages then go one by one.
 */
import { errors, headers, type MsgHdrs } from '@nats-io/transport-node';
import { catalogue } from '../../events/catalogue.ts';
import { contentType, encodeEvent } from '../../events/cloudevent.ts';
import { identify } from '../../events/identity.ts';
import { subjectOf } from '../../events/subjects.ts';
import type { EventLog, Publication } from '../host/ports.ts';
import type { Bus } from './connection.ts';

/** Tries counted so far travel with a retried event, beside it: the event itself stays the same fact. */
export const attemptsHeader = 'Causeway-Attempts';

/** Requests under way at once; what comes meanwhile waits, and goes together. */
const inFlight = 8;
const smallestBatch = 4;
/** The server takes a thousand messages in a batch by default, and the batch has to be in its memory. */
const largestBatch = { messages: 500, bytes: 4 * 1024 * 1024 };

interface Message {
  readonly publication: Publication;
  readonly subject: string;
  readonly body: Uint8Array;
  readonly stored: PromiseWithResolvers<void>;
}

export function createEventLog({ jetstream }: Bus): EventLog {
  const queue: Message[] = [];
  let flights = 0;

  async function publishOne({ publication, subject, body }: Message): Promise<void> {
    await jetstream.publish(subject, body, { headers: headOf(publication) });
  }

  async function publishTogether(messages: readonly Message[]): Promise<void> {
    try {
      await publishBatch(messages);
    } catch (error) {
      if (error instanceof errors.TimeoutError) throw error;
      await Promise.all(messages.map(publishOne));
    }
  }

  async function publishBatch(messages: readonly Message[]): Promise<void> {
    const [first, ...others] = messages;
    const last = others.pop();
    if (!first || !last) return;
    const batch = await jetstream.startBatch(first.subject, first.body, {
      headers: headOf(first.publication),
    });
    for (const { publication, subject, body } of others) {
      batch.add(subject, body, { headers: headOf(publication) });
    }
    await batch.commit(last.subject, last.body, { headers: headOf(last.publication) });
  }

  /** Settles each of them. */
  async function send(messages: readonly Message[]): Promise<void> {
    const isOneStream = messages.every(
      ({ publication: { event } }) => catalogue[event.type].subject !== 'dead',
    );
    const sent =
      messages.length >= smallestBatch && isOneStream
        ? [{ of: messages, done: publishTogether(messages) }]
        : messages.map((message) => ({ of: [message], done: publishOne(message) }));
    const settled = sent.map(async ({ of, done }) => {
      try {
        await done;
        for (const { stored } of of) stored.resolve();
      } catch (error) {
        for (const { stored } of of) stored.reject(error);
      }
    });
    await Promise.all(settled);
  }

  function pump(): void {
    while (flights < inFlight && queue.length > 0) {
      flights += 1;
      send(takeFrom(queue)).finally(() => {
        flights -= 1;
        pump();
      });
    }
  }

  return {
    async publish(publications) {
      const messages = publications.map((publication) => ({
        publication,
        subject: subjectOf(publication.event, publication.link),
        body: encodeEvent(publication.event),
        stored: Promise.withResolvers<void>(),
      }));
      queue.push(...messages);
      pump();
      await Promise.all(messages.map(({ stored }) => stored.promise));
    },
  };
}

function takeFrom(queue: Message[]): Message[] {
  let [count, bytes] = [0, 0];
  for (const { body } of queue) {
    bytes += body.length;
    if (count > 0 && (count >= largestBatch.messages || bytes > largestBatch.bytes)) break;
    count += 1;
  }
  return queue.splice(0, count);
}

function headOf(publication: Publication): MsgHdrs {
  const { attempts } = publication;
  const head = headers();
  head.set('Nats-Msg-Id', idOf(publication));
  head.set('Content-Type', contentType);
  if (attempts !== undefined) head.set(attemptsHeader, String(attempts));
  return head;
}

/** The dedup window saves work and is never relied on. A retry is the same event and must pass it. */
export const idOf = ({ event, link, attempts, due }: Publication): string =>
  attempts === undefined && link === undefined
    ? event.id
    : identify(event.id, link, attempts, event.time, due);
