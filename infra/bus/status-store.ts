/** What the processes wrote about their links (infra/host/status.ts), and how long ago by the clock of NATS. */
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { type LinkStatus, linkStatusSchema } from '../host/status.ts';
import type { Bus } from './connection.ts';
import { readStream } from './read-stream.ts';
import { bucketNames } from './streams.ts';

export interface WrittenStatus {
  readonly status: LinkStatus;
  readonly ageMs: number;
}

const stream = `KV_${bucketNames.status}`;

/** Empty where nothing has run. What another version of Causeway wrote in other words is left out. */
export async function readStatuses(bus: Bus): Promise<WrittenStatus[]> {
  const now = await serverTime(bus);
  if (now === undefined) return [];
  const written: WrittenStatus[] = [];
  for await (const message of readStream(bus, stream, {})) {
    const { data: status } = linkStatusSchema.safeParse(jsonOf(message.string()));
    if (status) written.push({ status, ageMs: Math.max(0, now - message.time.getTime()) });
  }
  return written;
}

/** The clocks of those who write and of those who read may differ: both go by the one between them. */
async function serverTime({ manager }: Bus): Promise<number | undefined> {
  try {
    const { ts } = await manager.streams.info(stream);
    return ts === undefined ? Date.now() : Date.parse(ts);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
      return undefined;
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
