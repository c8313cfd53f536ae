/** What waits for a link, straight from its consumer: pending work is there and nowhere else. */
import {
  type ConsumerInfo,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
} from '@nats-io/jetstream';
import type { Bus } from './connection.ts';
import { rawConsumer, streamNames } from './streams.ts';

export interface Backlog {
  /** Events that wait or are being handled. */
  readonly events: number;
  /** The first of them; undefined when nothing waits. */
  readonly oldest: { readonly sequence: number; readonly stored: Date } | undefined;
  /** When the consumer was made. */
  readonly created: string;
}

/** Undefined where the link has no consumer: no process has run it on this NATS. */
export async function backlogOf({ manager }: Bus, link: string): Promise<Backlog | undefined> {
  const consumer = await consumerOf(manager, link);
  if (!consumer) return undefined;
  const events = consumer.num_pending + consumer.num_ack_pending;
  const oldest = events > 0 ? await oldestOf(manager, consumer) : undefined;
  return { events, oldest, created: consumer.created };
}

/** A site's notifications that are no events yet. */
export async function notificationsOf({ manager }: Bus, site: string): Promise<number> {
  const consumer = await consumerOf(manager, rawConsumer(site), streamNames.raw);
  return consumer ? consumer.num_pending + consumer.num_ack_pending : 0;
}

async function consumerOf(
  manager: JetStreamManager,
  name: string,
  stream: string = streamNames.events,
): Promise<ConsumerInfo | undefined> {
  try {
    return await manager.consumers.info(stream, name);
  } catch (error) {
    const missing: readonly number[] = [JetStreamApiCodes.ConsumerNotFound, JetStreamApiCodes.StreamNotFound];
    if (error instanceof JetStreamApiError && missing.includes(error.code)) return undefined;
    throw error;
  }
}

/** The first message of the consumer's that it has not acknowledged: all below its floor are. */
async function oldestOf(manager: JetStreamManager, consumer: ConsumerInfo): Promise<Backlog['oldest']> {
  const { filter_subjects, filter_subject = '>' } = consumer.config;
  const found = await Promise.all(
    (filter_subjects ?? [filter_subject]).map((subject) => {
      const query = { seq: consumer.ack_floor.stream_seq + 1, next_by_subj: subject };
      return manager.streams.getMessage(streamNames.events, query);
    }),
  );
  let oldest: Backlog['oldest'];
  for (const message of found) {
    if (message && (!oldest || message.seq < oldest.sequence)) {
      oldest = { sequence: message.seq, stored: message.time };
    }
  }
  return oldest;
}
