/** Which links an event is for, where no consumer of a link's own has chosen it. */
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { Link } from '../../functions/ports.ts';

/** The one that a retry or the event itself names; else all that start where it happened. */
export function linksConcerned(
  links: readonly Link[],
  event: CausewayEvent,
  named: string | undefined,
): readonly Link[] {
  const { data } = event;
  const link = named ?? ('link' in data ? data.link : undefined);
  if (link !== undefined) return links.filter(({ id }) => id === link);
  if (!('site' in data)) return [];
  return links.filter(({ source }) => source.site === data.site && source.bucket === data.bucket);
}
