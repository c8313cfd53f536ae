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
/** Of their names, as the event tells them: NATS takes a message of 1 MiB by default. */
const mostNamed = 512 * 1024;

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
  const told = inEvents(small).map((versions): Draft => {
    return { type: 'dev.causeway.versions.due.v1', data: { link: link.id, versions } };
  });
  return [...told, ...others];
}

type Named = DataOf<'dev.causeway.versions.due.v1'>['versions'][number];

const named = ({ key, versionId, modified, size = 0 }: Due): Named => ({ key, versionId, modified, size });

function inEvents(small: readonly Due[]): Named[][] {
  const events: Named[][] = [];
  let [bytes, names] = [0, 0];
  for (const one of small.map(named)) {
    const length = Buffer.byteLength(JSON.stringify(one));
    const last = events.at(-1);
    bytes += one.size;
    names += length;
    if (last && last.length < mostTogether && bytes <= mostBytes && names <= mostNamed) last.push(one);
    else {
      events.push([one]);
      [bytes, names] = [one.size, length];
    }
  }
  return events;
}
