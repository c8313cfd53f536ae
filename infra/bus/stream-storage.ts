/** Makes streams as large as the server has room for: it reserves a stream's whole size when the stream is made. */
import { JetStreamApiError, type StreamConfig } from '@nats-io/jetstream';
import type { Bus } from './connection.ts';

export type NewStream = Partial<StreamConfig> & { readonly name: string; readonly max_bytes: number };

/** JetStream's code for sizes that exceed, together, what it may store. */
const noRoom = 10047;
/** Somebody else made it meanwhile, with sizes of his own. */
const nameInUse = 10058;
/** Of the wanted sizes; with less, a stream is nothing to rely on. */
const smallestShare = 1 / 128;

/** Halves all sizes alike until the streams fit. Throws when even the smallest do not. */
export async function addStreams(bus: Bus, streams: readonly NewStream[]): Promise<void> {
  const made = new Set<string>();
  for (let share = 1; ; share /= 2) {
    try {
      for (const stream of streams) {
        await addOrShrink(bus, { ...stream, max_bytes: Math.floor(stream.max_bytes * share) }, made);
      }
      return;
    } catch (error) {
      if (!isApiError(error, noRoom)) throw error;
      if (share <= smallestShare) {
        const names = streams.map(({ name }) => name).join(', ');
        throw new Error(`NATS has no room for ${names}: give its JetStream more storage (max_file_store)`, {
          cause: error,
        });
      }
    }
  }
}

async function addOrShrink({ manager }: Bus, stream: NewStream, made: Set<string>): Promise<void> {
  if (made.has(stream.name)) {
    await manager.streams.update(stream.name, { max_bytes: stream.max_bytes });
    return;
  }
  try {
    await manager.streams.add(stream);
    made.add(stream.name);
  } catch (error) {
    if (!isApiError(error, nameInUse)) throw error;
  }
}

const isApiError = (error: unknown, code: number): boolean =>
  error instanceof JetStreamApiError && error.code === code;
