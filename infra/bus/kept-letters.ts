/** The dead letters that are kept: listing, counting and taking them away. */
import type { JsMsg } from '@nats-io/jetstream';
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { Bus } from './connection.ts';
import { eventOf } from './event-history.ts';
import { type Reading, readStream } from './read-stream.ts';
import { streamNames } from './streams.ts';

export interface KeptLetter {
  readonly sequence: number;
  readonly stored: Date;
  /** Undefined where the message never became an event of a link. */
  readonly link: string | undefined;
  readonly function: string | undefined;
  readonly reason: string;
  readonly attempts: number;
  /** Undefined for a body that is no event of the catalogue. */
  readonly event: CausewayEvent | undefined;
  /** What was parked, as text. */
  readonly body: string;
}

const prefix = 'causeway.dead.';
export const letterSubject = (link: string): string => prefix + link;

export async function* readLetters(bus: Bus, reading: Reading): AsyncGenerator<KeptLetter> {
  for await (const message of readStream(bus, streamNames.dead, reading)) yield letterOf(message);
}

function letterOf(message: JsMsg): KeptLetter {
  const kept = { sequence: message.seq, stored: message.time };
  const letter = eventOf(message.data);
  if (letter?.type !== 'dev.causeway.dead-letter.v1') {
    const reason = 'not a dead letter as Causeway writes them';
    const nothing = { link: undefined, function: undefined, attempts: 0, event: undefined };
    return { ...kept, ...nothing, reason, body: message.string() };
  }
  const { link, function: name, reason, attempts, event: body } = letter.data;
  return { ...kept, link, function: name, reason, attempts, event: eventOf(Buffer.from(body)), body };
}

export async function removeLetters({ manager }: Bus, sequences: readonly number[]): Promise<void> {
  const remove = async (sequence: number): Promise<void> => {
    try {
      await manager.streams.deleteMessage(streamNames.dead, sequence, false);
    } catch (error) {
      // Somebody else may have taken it away.
      if (await manager.streams.getMessage(streamNames.dead, { seq: sequence })) throw error;
    }
  };
  await Promise.all(sequences.map(remove));
}

/** How many letters each link has; those of no link are under `unplaced`. */
export async function countLetters({ manager }: Bus): Promise<ReadonlyMap<string, number>> {
  const { state } = await manager.streams.info(streamNames.dead, { subjects_filter: `${prefix}>` });
  return new Map(
    Object.entries(state.subjects ?? {}).map(([subject, count]) => [subject.slice(prefix.length), count]),
  );
}
