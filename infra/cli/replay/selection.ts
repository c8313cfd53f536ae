/** Which events a replay takes, and what it makes of them. */
import { catalogue, type EventType, eventTypes } from '../../../events/catalogue.ts';
import { type CausewayEvent, makeEvent } from '../../../events/cloudevent.ts';
import { identify } from '../../../events/identity.ts';
import { s3TypePrefix } from '../../../events/object-events.ts';
import { compileGlob } from './key-glob.ts';

export interface Selection {
  readonly types: ReadonlySet<EventType>;
  readonly takesKey: (key: string) => boolean;
}

/** Beginning of the id of an event that is a replay's copy. */
const copyPrefix = 'replay-';

const replayable = eventTypes.filter((type) => ['object', 'link'].includes(catalogue[type].subject));
/** What happened at a site. What Causeway told itself about it follows again from these. */
export const sourceTypes: ReadonlySet<EventType> = new Set(
  replayable.filter((type) => catalogue[type].subject === 'object'),
);

/** The event types that a glob names, in full or as S3 event names (`ObjectCreated:*`); undefined for no glob. */
export function typesNamed(glob: string): ReadonlySet<EventType> | undefined {
  const matches = compileGlob(glob);
  if (!matches) return undefined;
  const isNamed = (type: string): boolean =>
    matches(type) || (type.startsWith(s3TypePrefix) && matches(type.slice(s3TypePrefix.length)));
  return new Set(replayable.filter(isNamed));
}

/** Every name that `typesNamed` knows, to suggest one of them. */
export const typeNames: readonly string[] = replayable.flatMap((type) =>
  type.startsWith(s3TypePrefix) ? [type, type.slice(s3TypePrefix.length)] : [type],
);

/** Each type once. */
export const shortNames: readonly string[] = replayable.map((type) =>
  type.startsWith(s3TypePrefix) ? type.slice(s3TypePrefix.length) : type,
);

export function selects({ types, takesKey }: Selection, event: CausewayEvent): boolean {
  return types.has(event.type) && takesKey('key' in event.data ? event.data.key : '');
}

/**
 * Whether a message of the stream is an event's first place: retries are on the subjects of their link beside it, and
 * copies of earlier replays would multiply with every replay.
 */
export function isOriginal(subject: string, event: CausewayEvent): boolean {
  const family = catalogue[event.type].subject;
  return subject.startsWith(`causeway.${family}.`) && !event.id.startsWith(copyPrefix);
}

/** The same fact as a new event that the original caused: its id passes the stream's dedup window. */
export function copyOf(event: CausewayEvent, run: string, now: number): CausewayEvent {
  const id = `${copyPrefix}${run}-${identify(event.id, run)}`;
  return makeEvent(event, { id, source: event.source, time: new Date(now).toISOString(), cause: event });
}
