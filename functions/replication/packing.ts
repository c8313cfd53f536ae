/** What a walk found, in as few events as carry it: one for many small versions that are missing. */
import type { DataOf } from '../../events/catalogue.ts';
import type { Draft } from '../../events/cloudevent.ts';
import { mostTogether } from '../../events/replication-events.ts';
import type { Link } from '../ports.ts';

type Due = DataOf<'dev.causeway.version.due.v1'>;

/** Fewer are sent faster one by one, and are told one by one. */
const fewestTogether = 16;
/** Uncompressed bytes that one event may stand for: a stack. */
const mostBytes = 32 * 1024 * 1024;

/** In their order, so that the versions of one key stay oldest first. */
export function packed(link: Link, drafts: readonly Draft[], largestEntry: number): Draft[] {
  const isSmall = (data: Due): boolean =>
    data.reason === 'missing' && (data.size ?? mostBytes) <= largestEntry;
  const small: Due[] = [];
  const others: Draft[] = [];
  for (const draft of drafts) {
    if (draft.type === 'dev.causeway.version.due.v1' && isSmall(draft.data)) small.push(draft.data);
    else others.push(draft);
  }
  if (small.length < fewestTogether) return [...drafts];
  return [...inEvents(small).map((versions) => together(link, versions)), ...others];
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

function inEvents(small: readonly Due[]): Due[][] {
  const events: Due[][] = [];
  let bytes = mostBytes;
  for (const one of small) {
    const { size = 0 } = one;
    const last = events.at(-1);
    if (last && last.length < mostTogether && bytes + size <= mostBytes) {
      last.push(one);
      bytes += size;
    } else {
      events.push([one]);
      bytes = size;
    }
  }
  return events;
}
