/** What a walk found, in as few events as carry it: one for many small versions that are missing. */
import type { DataOf } from '../../events/catalogue.ts';
import type { Draft } from '../../events/cloudevent.ts';
import { mostTogether } from '../../events/replication-events.ts';
import type { Link, Stacking } from '../ports.ts';

type Due = DataOf<'dev.causeway.version.due.v1'>;

/** Fewer are sent faster one by one, and are told one by one. */
const fewestTogether = 16;

/** In their order, so that the versions of one key stay oldest first. */
export function packed(link: Link, drafts: readonly Draft[], stacking: Stacking): Draft[] {
  const isSmall = ({ reason, size = Number.POSITIVE_INFINITY }: Due): boolean =>
    reason === 'missing' && size <= stacking.largestEntry;
  const small: Due[] = [];
  const others: Draft[] = [];
  for (const draft of drafts) {
    if (draft.type === 'dev.causeway.version.due.v1' && isSmall(draft.data)) small.push(draft.data);
    else others.push(draft);
  }
  if (small.length < fewestTogether) return [...drafts];
  return [...inEvents(small, stacking).map((versions) => together(link, versions)), ...others];
}

function together(link: Link, versions: readonly Due[]): Draft {
  const named = versions.map(({ key, versionId, modified, size = 0 }) => ({
    key,
    versionId,
    modified,
    size,
  }));
  return { type: 'dev.causeway.versions.due.v1', data: { link: link.id, versions: named } };
}

/** Each stands for one stack. */
function inEvents(small: readonly Due[], { largestStack }: Stacking): Due[][] {
  const events: Due[][] = [];
  let bytes = 0;
  for (const one of small) {
    const { size = 0 } = one;
    const last = events.at(-1);
    if (last && last.length < mostTogether && bytes + size <= largestStack) {
      last.push(one);
      bytes += size;
    } else {
      events.push([one]);
      bytes = size;
    }
  }
  return events;
}
