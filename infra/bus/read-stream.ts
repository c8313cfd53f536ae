/**
 * Reads what a stream holds at this moment, in its order, one bounded page at a time; ends there, or throws within
 * seconds when NATS goes away. The reader is an ordered consumer of its own: it takes nothing from anybody.
 */
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import type { Bus } from './connection.ts';
import { NatsAwayError } from './presence.ts';

export interface Reading {
  /** Subjects, with wildcards; all without. */
  readonly subjects?: readonly string[];
  /** What was stored from then on: milliseconds since 1970. */
  readonly from?: number | undefined;
  /** The last sequence that is read: what comes onto the stream meanwhile has a higher one. */
  readonly through?: number;
}

const pageSize = 256;
const pageWithinMs = 5_000;
/** A reader that died is forgotten after it. */
const forgottenAfterMs = 60_000;

export async function* readStream(bus: Bus, stream: string, reading: Reading): AsyncGenerator<JsMsg> {
  const { subjects, from, through = Number.POSITIVE_INFINITY } = reading;
  const consumer = await bus.jetstream.consumers.get(stream, {
    ...(subjects ? { filter_subjects: [...subjects] } : {}),
    ...(from === undefined ? {} : { opt_start_time: new Date(from).toISOString() }),
    inactive_threshold: forgottenAfterMs,
  });
  try {
    let left = (await consumer.info(true)).num_pending;
    while (left > 0) {
      const page = await readPage(bus, consumer, Math.min(left, pageSize));
      for (const message of page) {
        if (message.seq > through) return;
        yield message;
      }
      // Messages that were removed meanwhile were counted, and never come.
      left = page.at(-1)?.info.pending ?? 0;
    }
  } finally {
    consumer.delete().catch(() => undefined);
  }
}

async function readPage({ presence }: Bus, consumer: Consumer, size: number): Promise<JsMsg[]> {
  const messages = await consumer.fetch({ max_messages: size, expires: pageWithinMs });
  const forget = presence.onLoss(() => messages.stop(new NatsAwayError('the connection to NATS was lost')));
  try {
    const page: JsMsg[] = [];
    for await (const message of messages) page.push(message);
    return page;
  } finally {
    forget();
  }
}

/** How many messages of these subjects the stream holds, whatever their number, without reading them. */
export async function countMessages(
  { manager }: Bus,
  stream: string,
  subjects: readonly string[],
): Promise<number> {
  const { name, num_pending } = await manager.consumers.add(stream, {
    filter_subjects: [...subjects],
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    mem_storage: true,
    inactive_threshold: forgottenAfterMs * 1_000_000,
  });
  await manager.consumers.delete(stream, name).catch(() => undefined);
  return num_pending;
}
