/** One version on its way to one target, by itself. */
import { done, type Outcome, park } from '../define.ts';
import type { BatchContext, Look } from '../ports.ts';
import { bring } from './bringing.ts';
import { exclusively } from './exclusive.ts';
import { bucketMissing, nullVersion, type Place, placeOf, unconcerned } from './placing.ts';
import { writeResuming } from './resuming.ts';
import { observedAbsence, openVersion, type Sends, sentOutcome, type ToSend, unfinished } from './sending.ts';

export async function replicateOne(context: BatchContext, data: ToSend): Promise<Outcome<Sends>> {
  const { link } = context;
  const reason = unconcerned(link, data);
  if (reason) return done(reason);
  const place = placeOf(link, data);
  const send = () => sendVersion(context, place, data);
  // A fresh ID cannot be at the target yet, so a live version spends no request on looking.
  if (data.isFresh && place.source.versionId !== nullVersion) return send();
  const seen = await context.target.look(place.target);
  if (seen.state === 'absent' && seen.missing === 'bucket') {
    throw bucketMissing(link.target.site, link.target.bucket);
  }
  if (seen.state === 'absent') return send();
  return alreadyThere(context, place, seen, send);
}

async function sendVersion(
  context: BatchContext,
  place: Place,
  { modified, round = 0 }: ToSend,
): Promise<Outcome<Sends>> {
  const opened = await openVersion(context, place, modified);
  if ('kind' in opened) return opened;
  const began = context.clock.now();
  try {
    // What was sent before and is not as it was sent goes over the link.
    const brought =
      round === 0
        ? await bring(context, place, opened)
        : { answer: await writeResuming(context, place.target, opened), facts: opened.facts };
    if (!brought) return observedAbsence(context, place);
    const { answer, facts } = brought;
    if (answer === 'unfinished') return unfinished(context, place, facts, round);
    // A purge's second look may be over by the time a large version has arrived.
    const isLate = context.clock.now() - began > context.deadlines.putMs;
    if (isLate && (await context.source.look(place.source)).state === 'absent') {
      return observedAbsence(context, place);
    }
    return sentOutcome(context, place, facts, { answer, round });
  } finally {
    opened.discard();
  }
}

/** The target has something under this ID: the same content needs no more than verifying, other content is kept. */
async function alreadyThere(
  context: BatchContext,
  place: Place,
  seen: Exclude<Look, { state: 'absent' }>,
  send: () => Promise<Outcome<Sends>>,
): Promise<Outcome<Sends>> {
  const wanted = await context.source.look(place.source);
  if (wanted.state !== 'object') return send();
  const same =
    seen.state === 'object' && seen.facts.etag === wanted.facts.etag && seen.facts.size === wanted.facts.size;
  if (same) return send();
  if (place.source.versionId !== nullVersion) {
    return park(`${context.link.target.site} holds something else under version ${place.target.versionId}`);
  }
  const { site, bucket } = context.link.target;
  return exclusively(context, { site, bucket, key: place.target.key }, send);
}
