/**
 * JetStream in memory, as far as Causeway uses it: subjects, a deduplication window, durable consumers that hand a
 * message to one of their subscribers and again when its ack wait ends; and the loss of it all.
 */
import type { Random } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly body: Uint8Array;
  /** What the header says. */
  readonly attempts: number;
  readonly stored: number;
}

/** Gets a message; it may be handed over later, or die with its process. */
export type Subscriber = (message: StoredMessage, deliveries: number) => void;

export interface SimConsumer {
  subscribe(subscriber: Subscriber): void;
  unsubscribe(subscriber: Subscriber): void;
  ack(sequence: number): void;
  nak(sequence: number, afterMs: number): void;
  working(sequence: number): void;
  /** Messages that wait or are held. */
  readonly backlog: number;
}

export interface SimStream {
  /** Another one once the stream was made anew. */
  readonly identity: string;
  /** Throws while there is no stream. */
  publish(message: { subject: string; body: Uint8Array; id?: string; attempts?: number }): void;
  consumer(name: string): SimConsumer;
  /** Everything is gone; after `ms` the stream is there again, with higher sequences, then each of its consumers. */
  lose(ms: number): void;
  readonly backlog: number;
}

export interface ConsumerSettings {
  readonly name: string;
  /** Subjects; one that ends in `>` takes all that begin so. */
  readonly filters: readonly string[];
  readonly maxHeld: number;
}

const dedupMs = 120_000;

export function createStream(
  clock: VirtualClock,
  random: Random,
  settings: readonly ConsumerSettings[],
  ackWaitMs: number,
): SimStream {
  const consumers = new Map(settings.map((one) => [one.name, createConsumer(clock, random, one, ackWaitMs)]));
  const seen = new Map<string, number>();
  let generation = 1;
  let sequence = 0;
  let isThere = true;

  return {
    get identity() {
      return `stream-${generation}`;
    },
    publish({ subject, body, id, attempts = 0 }) {
      if (!isThere) throw new Error('NATS: no stream');
      if (id !== undefined) {
        const before = seen.get(id);
        if (before !== undefined && clock.time - before < dedupMs) return;
        seen.set(id, clock.time);
      }
      sequence += 1;
      const message = { sequence, subject, body, attempts, stored: Math.floor(clock.time) };
      for (const consumer of consumers.values()) consumer.offer(message);
    },
    consumer(name) {
      const found = consumers.get(name);
      if (!found) throw new RangeError(`no consumer ${name}`);
      return found;
    },
    lose(ms) {
      isThere = false;
      generation += 1;
      seen.clear();
      for (const consumer of consumers.values()) consumer.lose();
      clock.after(ms, () => {
        isThere = true;
        // What is published before a consumer is made, it does not get.
        for (const consumer of consumers.values()) clock.after(300 * random.next(), consumer.restore);
      });
    },
    get backlog() {
      return [...consumers.values()].reduce((sum, consumer) => sum + consumer.backlog, 0);
    },
  };
}

interface Held {
  readonly message: StoredMessage;
  deliveries: number;
  /** When it is delivered again, unless something is heard of it. */
  until: number;
}

function createConsumer(
  clock: VirtualClock,
  random: Random,
  { filters, maxHeld }: ConsumerSettings,
  ackWaitMs: number,
) {
  const subscribers = new Set<Subscriber>();
  const held = new Map<number, Held>();
  let waiting: StoredMessage[] = [];
  let isThere = true;

  const matches = (subject: string): boolean =>
    filters.some((filter) =>
      filter.endsWith('>') ? subject.startsWith(filter.slice(0, -1)) : subject === filter,
    );

  function pump(): void {
    while (subscribers.size > 0 && held.size < maxHeld) {
      const message = waiting.shift();
      if (!message) return;
      const entry = { message, deliveries: 0, until: 0 };
      held.set(message.sequence, entry);
      deliver(entry);
    }
  }

  function deliver(entry: Held): void {
    entry.deliveries += 1;
    hold(entry, clock.time + ackWaitMs);
    if (subscribers.size > 0) random.pick([...subscribers])(entry.message, entry.deliveries);
  }

  function hold(entry: Held, until: number): void {
    entry.until = until;
    clock.after(until - clock.time, () => {
      const isHeld = held.get(entry.message.sequence) === entry;
      if (isHeld && entry.until === until) deliver(entry);
    });
  }

  return {
    offer(message: StoredMessage) {
      if (!isThere || !matches(message.subject)) return;
      waiting.push(message);
      pump();
    },
    lose() {
      isThere = false;
      held.clear();
      waiting = [];
    },
    restore() {
      isThere = true;
    },
    subscribe(subscriber: Subscriber) {
      subscribers.add(subscriber);
      pump();
    },
    unsubscribe: (subscriber: Subscriber) => void subscribers.delete(subscriber),
    ack(sequence: number) {
      if (held.delete(sequence)) pump();
    },
    nak(sequence: number, afterMs: number) {
      const entry = held.get(sequence);
      if (entry) hold(entry, clock.time + afterMs);
    },
    working(sequence: number) {
      const entry = held.get(sequence);
      if (entry && entry.until - clock.time < ackWaitMs) hold(entry, clock.time + ackWaitMs);
    },
    get backlog() {
      return waiting.length + held.size;
    },
  };
}
