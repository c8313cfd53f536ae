/** NATS as one process sees it: the host's ports over the stream and the buckets in memory. */
import { encodeEvent } from '../../events/cloudevent.ts';
import { subjectOf } from '../../events/subjects.ts';
import type { WalkMemory, WalkState } from '../../functions/ports.ts';
import { idOf } from '../../infra/bus/event-log.ts';
import { rawConsumer } from '../../infra/bus/streams.ts';
import type { EventLog, Feed, Publication } from '../../infra/host/ports.ts';
import type { Deliver, SimBucket } from './buckets.ts';
import type { Life } from './life.ts';
import type { Network } from './network.ts';
import type { SimStream, Subscriber } from './stream.ts';
import type { VirtualClock } from './virtual-clock.ts';

const deadlineMs = 5_000;
const reading = new Set(['kv get', 'kv history', 'ledger read', 'info']);

export const deliverTo =
  (network: Network, life: Life): Deliver =>
  (name, about, effect) =>
    network.send(
      life,
      {
        to: 'nats',
        name,
        about,
        deadlineMs,
        lateByMs: reading.has(name) ? undefined : deadlineMs,
      },
      effect,
    );

export function logOf(stream: SimStream, deliver: Deliver): EventLog {
  const publishOne = (publication: Publication): Promise<void> => {
    const { event, link, attempts } = publication;
    const message = {
      subject: subjectOf(event, link),
      body: encodeEvent(event),
      id: idOf(publication),
      ...(attempts !== undefined && { attempts }),
    };
    return deliver('publish', message.subject, () => stream.publish(message));
  };
  return {
    async publish(publications) {
      await Promise.all(publications.map(publishOne));
    },
  };
}

export interface FeedOptions {
  readonly stream: SimStream;
  readonly consumer: string;
  readonly life: Life;
  readonly clock: VirtualClock;
  readonly deliver: Deliver;
  /** From the server to the process, in milliseconds. */
  readonly latency: () => number;
  readonly loses: () => boolean;
}

export function feedOf({ stream, consumer, life, clock, latency, loses }: FeedOptions): Feed {
  const server = stream.consumer(consumer);
  /** Sent and forgotten: nobody hears whether it arrived. */
  const tell = (what: () => void): void => {
    if (life.alive && !loses()) clock.after(latency(), what);
  };

  return {
    async open(onMessage) {
      let isOpen = true;
      const subscriber: Subscriber = ({ sequence, body, attempts, stored }, deliveries) => {
        const message = {
          body,
          sequence,
          stored,
          attempts: deliveries - 1 + attempts,
          ack: async () => tell(() => server.ack(sequence)),
          nak: (afterMs: number) => tell(() => server.nak(sequence, afterMs)),
          working: () => tell(() => server.working(sequence)),
        };
        clock.after(latency(), () => life.run(() => isOpen && onMessage(message)));
      };
      server.subscribe(subscriber);
      life.onCrash(() => server.unsubscribe(subscriber));
      return {
        async close() {
          isOpen = false;
          server.unsubscribe(subscriber);
        },
      };
    },
  };
}

const failedOf = (ledger: SimBucket, link: string): number =>
  ledger.all(`${link}.failed.>`).filter(({ operation }) => operation === 'PUT').length;

export function walkMemoryOf(
  stream: SimStream,
  bucket: SimBucket,
  ledger: SimBucket,
  deliver: Deliver,
): WalkMemory {
  return {
    load: (link) =>
      deliver('kv get', `walk ${link}`, () => {
        const entry = bucket.get(link);
        if (entry?.operation !== 'PUT') return undefined;
        const { cursor, ...state } = entry.json<WalkState>();
        return { ...state, cursor };
      }),
    async save(link, state) {
      await deliver('kv put', `walk ${link}`, () => bucket.set(link, JSON.stringify(state), 'PUT'));
    },
    streamIdentity: (link) => deliver('info', link, () => stream.identity),
    backlog: (link) => deliver('info', link, () => stream.consumer(link).backlog),
    async hasNews(link, source) {
      const waiting = (consumer: string) => deliver('info', link, () => stream.consumer(consumer).backlog);
      const retries = () => deliver('info', link, () => failedOf(ledger, link));
      if ((await waiting(rawConsumer(source))) > 0 || (await retries()) > 0) return true;
      return (await waiting(link)) > 0 || (await retries()) > 0;
    },
  };
}
