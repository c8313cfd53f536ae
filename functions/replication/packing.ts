/** What a walk found, in as few events as carry it: one for many small versions that are missing. */
import type { DataOf } from '../../events/catalogue.ts';
import type { Draft } from '../../events/cloudevent.ts';
import { mostTogether } from '../../events/replication-events.ts';
import type { Link, Stacking } from '../ports.ts';

type Limits = Pick<Stacking, 'largestEntry' | 'largestStack'>;
type Due = DataOf<'dev.causeway.version.due.v1'>;

/** Fewer are sent faster one by one, and are told one by one. */
const fewestTogether = 16;
/** Of their names, as the event tells them: NATS takes a message of 1 MiB by default. */
const mostNamed = 512 * 1024;

/** In their order, so that the versions of one key stay oldest first. */
export function packed(link: Link, drafts: readonly Draft[], stacking: Limits): Draft[] {
  const isSmall = ({ reason, size = Number.POSITIVE_INFINITY }: Due): boolean =>
    reason === 'missing' && size <= stacking.largestEntry;
  const small: Due[] = [];
  const others: Draft[] = [];
  for (const draft of drafts) {
    if (draft.type === 'dev.causeway.version.due.v1' && isSmall(draft.data)) small.push(draft.data);
    else others.push(draft);
  }
  if (small.length < fewestTogether) return [...drafts];
  const told = inEvents(small, stacking).map((versions): Draft => {
    return { type: 'dev.causeway.versions.due.v1', data: { link: link.id, versions } };
  });
  return [...told, ...others];
}

type Named = DataOf<'dev.causeway.versions.due.v1'>['versions'][number];

const named = ({ key, versionId, modified, size = 0 }: Due): Named => ({ key, versionId, modified, size });

/** Each stands for one stack. */
function inEvents(small: readonly Due[], { largestStack }: Limits): Named[][] {
  const events: Named[][] = [];
  let [bytes, names] = [0, 0];
  for (const one of small.map(named)) {
    const length = Buffer.byteLength(JSON.stringify(one));
    const last = events.at(-1);
    bytes += one.size;
    names += length;
    if (last && last.length < mostTogether && bytes <= largestStack && names <= mostNamed) last.push(one);
    else {
      events.push([one]);
      [bytes, names] = [one.size, length];
    }
  }
  return events;
}
