/** Publishes what a replay takes, a bounded number at a time; a dead letter goes when the stream has its event. */
import { messageOf } from '../../../functions/errors.ts';
import type { Clock } from '../../../functions/ports.ts';
import type { EventLog } from '../../host/ports.ts';
import { CommandError } from '../io.ts';
import type { Candidate, NotReplayable } from './candidates.ts';
import { copyOf } from './selection.ts';

export interface Drive {
  readonly run: string;
  readonly log: EventLog;
  readonly clock: Clock;
  /** Nothing is published, and nothing removed. */
  readonly isDryRun: boolean;
  removeLetters(sequences: readonly number[]): Promise<void>;
  /** Told of each event when it is on the stream; `as` is the new event's id, undefined in a dry run. */
  replayed(candidate: Candidate, as: string | undefined): void;
  notReplayable(letter: NotReplayable): void;
}

export interface Driven {
  readonly replayed: number;
  readonly notReplayable: number;
}

const batchSize = 256;

export async function drive(
  candidates: AsyncIterable<Candidate | NotReplayable>,
  to: Drive,
): Promise<Driven> {
  const counts = { replayed: 0, notReplayable: 0 };
  let batch: Candidate[] = [];
  const flush = async () => {
    await publish(batch, to);
    counts.replayed += batch.length;
    batch = [];
  };
  try {
    for await (const candidate of candidates) {
      if ('problem' in candidate) {
        counts.notReplayable += 1;
        to.notReplayable(candidate);
      } else if (batch.push(candidate) >= batchSize) await flush();
    }
    if (batch.length > 0) await flush();
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(
      `${messageOf(cause)}; ${counts.replayed} events were replayed before. Run it again: to replay one twice does no harm.`,
      { cause },
    );
  }
  return counts;
}

async function publish(batch: readonly Candidate[], to: Drive): Promise<void> {
  if (to.isDryRun) {
    for (const candidate of batch) to.replayed(candidate, undefined);
    return;
  }
  const copies = batch.map((candidate) => ({
    candidate,
    event: copyOf(candidate.event, to.run, to.clock.now()),
  }));
  await to.log.publish(
    copies.map(({ candidate: { link }, event }) => (link === undefined ? { event } : { event, link })),
  );
  await to.removeLetters(batch.flatMap(({ letter }) => (letter === undefined ? [] : [letter])));
  for (const { candidate, event } of copies) to.replayed(candidate, event.id);
}
