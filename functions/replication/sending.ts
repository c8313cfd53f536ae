/** The two ends of sending a version: opening it at the source, and what follows when the target has it. */
import type { VersionFacts } from '../../events/object-events.ts';
import { done, type Outcome } from '../define.ts';
import type { BatchContext, Content } from '../ports.ts';
import { replicaTime } from './order.ts';
import { bucketMissing, nullVersion, type Place } from './placing.ts';
import { abandonUpload } from './resuming.ts';
import { matches } from './rule-match.ts';

/** A version that is to be sent, as far as its event tells. */
export interface ToSend {
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly modified?: string | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  readonly via?: readonly string[] | undefined;
  /** How often the target showed something else after it was sent. */
  readonly round?: number;
  /** Made just now: the target cannot hold it yet. */
  readonly isFresh?: boolean;
}

export type Sends =
  | 'dev.causeway.version.sent.v1'
  | 'dev.causeway.delete.due.v1'
  | 'dev.causeway.version.due.v1';

/** Its content with the facts that the replica must have; or what became of the event where it is not to be sent. */
export async function openVersion(
  context: BatchContext,
  place: Place,
  told: string | undefined,
): Promise<Content | Outcome<Sends>> {
  const content = await context.source.read(place.source);
  if (!content) return observedAbsence(context, place);
  try {
    if (matches(context.link, place.source.key, content.facts.tags) !== 'yes') {
      content.discard();
      return done('outside the rule');
    }
    // A null version is overwritten in place: its event may tell the time of what was there before.
    const own = place.source.versionId === nullVersion ? undefined : told;
    const modified = await replicaTime(context.source, place.source, content.facts.modified, own);
    return { ...content, facts: { ...content.facts, modified } };
  } catch (error) {
    content.discard();
    throw error;
  }
}

/** The source does not have it (any more): no error. Whether that is a purge, propagate-delete finds out. */
export async function observedAbsence(context: BatchContext, place: Place): Promise<Outcome<Sends>> {
  const look = await context.source.look(place.source);
  if (look.state === 'absent' && look.missing === 'bucket') {
    throw bucketMissing(context.link.source.site, context.link.source.bucket);
  }
  await abandonUpload(context, place.target);
  return done('gone from the source', {
    type: 'dev.causeway.delete.due.v1',
    data: { link: context.link.id, ...place.source, reason: 'observed' },
  });
}

/** A slice of it is at the target: the rest goes on by an event of its own, which spends no attempt. */
export const unfinished = (
  { link }: BatchContext,
  place: Place,
  { modified, size }: VersionFacts,
  round: number,
): Outcome<Sends> =>
  done('goes on in another slice', {
    type: 'dev.causeway.version.due.v1',
    data: {
      link: link.id,
      ...place.source,
      modified,
      size,
      via: [...place.via],
      reason: 'unfinished',
      round,
    },
  });

/** Counts the arrival, and has it verified. */
export function sentOutcome(
  context: BatchContext,
  place: Place,
  expected: VersionFacts,
  { answer, round }: { readonly answer: 'written' | 'already'; readonly round: number },
): Outcome<Sends> {
  const sentAt = countArrival(context, expected, answer);
  return done(answer === 'written' ? 'sent' : 'already there', {
    type: 'dev.causeway.version.sent.v1',
    data: {
      link: context.link.id,
      ...place.source,
      expected,
      sentAt: new Date(sentAt).toISOString(),
      via: [...place.via],
      round,
    },
  });
}

/** When it was counted: milliseconds since 1970. */
export function countArrival(
  { link, clock, meter }: BatchContext,
  facts: VersionFacts,
  answer: 'written' | 'already',
): number {
  const now = clock.now();
  if (answer === 'written') meter.arrived(link.id, facts.size, now - Date.parse(facts.modified));
  return now;
}
