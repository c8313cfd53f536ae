/** What a plan takes from the stream, or from the dead letters, in the order in which it was stored. */
import type { CausewayEvent } from '../../../events/cloudevent.ts';
import { bucketSubject, linkSubject } from '../../../events/subjects.ts';
import type { Link } from '../../../functions/ports.ts';
import { backlogOf } from '../../bus/backlog.ts';
import type { Bus } from '../../bus/connection.ts';
import { lastSequence, readEvents } from '../../bus/event-history.ts';
import { type KeptLetter, letterSubject, readLetters } from '../../bus/kept-letters.ts';
import { streamNames } from '../../bus/streams.ts';
import { CommandError } from '../io.ts';
import type { Plan } from './plan.ts';
import { isOriginal, selects } from './selection.ts';

export interface Candidate {
  readonly stored: Date;
  readonly event: CausewayEvent;
  /** The one link that is to handle it. */
  readonly link: string | undefined;
  /** The dead letter that it was in. */
  readonly letter: number | undefined;
}

/** A dead letter that stays where it is. */
export interface NotReplayable {
  readonly letter: KeptLetter;
  readonly problem: string;
}

export async function* candidatesOf(
  bus: Bus,
  plan: Plan,
  links: readonly Link[],
): AsyncGenerator<Candidate | NotReplayable> {
  const stream = plan.isFromDeadLetters ? streamNames.dead : streamNames.events;
  // What the replay itself brings onto the stream lies behind this, so that it does not chase its own events.
  const through = await lastSequence(bus, stream);
  if (through === undefined) {
    throw new CommandError('this NATS holds no events of Causeway: nothing has run here yet');
  }
  yield* plan.isFromDeadLetters ? fromLetters(bus, plan, links, through) : fromStream(bus, plan, through);
}

async function* fromStream(bus: Bus, plan: Plan, through: number): AsyncGenerator<Candidate> {
  const { link, selection, since, until = Number.POSITIVE_INFINITY } = plan;
  const subjects = link
    ? [bucketSubject(link.source.site, link.source.bucket), linkSubject(link.id)]
    : ['causeway.object.>', 'causeway.link.>'];
  for await (const { event, stored, subject } of readEvents(bus, { subjects, from: since, through })) {
    if (stored.getTime() > until) return;
    if (!event || !isOriginal(subject, event) || !selects(selection, event)) continue;
    yield { stored, event, link: link?.id, letter: undefined };
  }
}

async function* fromLetters(
  bus: Bus,
  plan: Plan,
  links: readonly Link[],
  through: number,
): AsyncGenerator<Candidate | NotReplayable> {
  const { link, selection, since, until = Number.POSITIVE_INFINITY } = plan;
  const subjects = link ? { subjects: [letterSubject(link.id)] } : {};
  const problems = new Map<string, string | undefined>();
  for await (const letter of readLetters(bus, { ...subjects, from: since, through })) {
    if (letter.stored.getTime() > until) return;
    const { event } = letter;
    if (!event) {
      yield { letter, problem: 'its body is no event' };
      continue;
    }
    if (!selects(selection, event)) continue;
    if (letter.link !== undefined && !problems.has(letter.link)) {
      problems.set(letter.link, await problemOf(bus, letter.link, links));
    }
    const problem = letter.link === undefined ? undefined : problems.get(letter.link);
    if (problem) yield { letter, problem };
    else yield { stored: letter.stored, event, link: letter.link, letter: letter.sequence };
  }
}

/** Why nobody would take an event of this link; undefined when somebody would. */
async function problemOf(bus: Bus, link: string, links: readonly Link[]): Promise<string | undefined> {
  if (!links.some(({ id }) => id === link)) return `the documents make no link ${link}`;
  return (await backlogOf(bus, link)) ? undefined : `no process has run link ${link} on this NATS`;
}
