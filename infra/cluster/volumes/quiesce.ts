/**
 * An application that wants to hold still for a point in time is asked by an annotation of its claim, and told when it may
 * go on. The word that it is asked by names who asks, so that nobody is left waiting for one who does not ask any more.
 */
import type { End, Steps } from './end.ts';
import { annotation } from './names.ts';
import type { SeenClaim } from './observed.ts';

/** Names hold no slash. */
const stemOf = (replication: string, sync: string): string => `${replication}/${sync}`;

export const askerOf = ({
  annotations = {},
}: {
  readonly annotations?: SeenClaim['annotations'];
}): string | undefined =>
  isHeld(annotations) ? annotations[annotation.requested]?.split('/')[0] : undefined;

const isHeld = (annotations: SeenClaim['annotations']): boolean =>
  annotations[annotation.requested] !== undefined &&
  annotations[annotation.requested] !== annotations[annotation.released];

/** A word that was released is not used again: the application has gone on since. */
function wordFor({ annotations }: SeenClaim, stem: string): string {
  const released = annotations[annotation.released];
  return released?.startsWith(stem) ? `${released}+` : stem;
}

type Asking = Pick<End, 'annotate' | 'reason' | 'message'>;

/** What to ask; undefined when the application holds still, or does not want to be told. */
export function askFor(claim: SeenClaim, replication: string, sync: string): Asking | undefined {
  const { annotations, name } = claim;
  if (annotations[annotation.quiesce] !== 'true') return undefined;
  const other = askerOf(claim);
  if (other !== undefined && other !== replication) {
    return { annotate: [], reason: 'Quiescing', message: `claim ${name} holds still for ${other}` };
  }
  const word = wordFor(claim, stemOf(replication, sync));
  if (annotations[annotation.quiesced] === word) return undefined;
  const isAsked = annotations[annotation.requested] === word;
  const message = `claim ${name} is to be quiesced: its application says so by the annotation ${annotation.quiesced}: ${word}`;
  const ask = { claim: name, annotations: { [annotation.requested]: word } };
  return { annotate: isAsked ? [] : [ask], reason: 'Quiescing', message };
}

/** The application may go on; nothing where it was told so, or never asked. */
export function release(claim: SeenClaim | undefined, replication: string, sync: string): Steps['annotate'] {
  const word = claim?.annotations[annotation.requested];
  return claim && word?.startsWith(stemOf(replication, sync)) ? goOn(claim) : [];
}

/** Claims that wait for a document which does not want a point in time of them; `wanted`: by claim, what it does want. */
export const releaseOthers = (
  claims: readonly SeenClaim[],
  replication: string,
  wanted: ReadonlyMap<string, string | undefined>,
): Steps['annotate'] =>
  claims
    .filter((claim) => askerOf(claim) === replication)
    .filter(({ name, annotations }) => {
      const sync = wanted.get(name);
      return sync === undefined || !annotations[annotation.requested]?.startsWith(stemOf(replication, sync));
    })
    .flatMap(goOn);

function goOn({ name, annotations }: SeenClaim): Steps['annotate'] {
  const word = annotations[annotation.requested];
  return word === undefined || !isHeld(annotations)
    ? []
    : [{ claim: name, annotations: { [annotation.released]: word } }];
}
