/** What the stream of events holds, for those who look back. */
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { type CausewayEvent, decodeEvent } from '../../events/cloudevent.ts';
import type { Bus } from './connection.ts';
import { type Reading, readStream } from './read-stream.ts';
import { streamNames } from './streams.ts';

export interface StoredEvent {
  readonly sequence: number;
  readonly stored: Date;
  readonly subject: string;
  /** Undefined for a message that is no event of the catalogue. */
  readonly event: CausewayEvent | undefined;
}

export async function* readEvents(bus: Bus, reading: Reading): AsyncGenerator<StoredEvent> {
  for await (const message of readStream(bus, streamNames.events, reading)) {
    const { seq, time, subject, data } = message;
    yield { sequence: seq, stored: time, subject, event: eventOf(data) };
  }
}

/** Undefined for what is no event of the catalogue. */
export function eventOf(body: Uint8Array): CausewayEvent | undefined {
  try {
    return decodeEvent(body);
  } catch {
    return undefined;
  }
}

/** The highest sequence of a stream; undefined where NATS has no such stream. */
export async function lastSequence({ manager }: Bus, stream: string): Promise<number | undefined> {
  try {
    return (await manager.streams.info(stream)).state.last_seq;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
      return undefined;
    throw error;
  }
}
