/**
 * Sends object versions to one target: one by one, or many small ones in a stack.
 *
 * on:        an object version was created at the source (by a client, or by a replica's arrival), or is due again
 * emits:     version.sent, which verify takes; delete.due where the version has gone from the source meanwhile
 * guarantee: the target holds the version under its own ID, with the source's time, ETag, content, headers, metadata
 *            and tags, or nothing at all; content is checked before it is sent. A repeat changes nothing. A version
 *            ID that holds other content at the target is never overwritten.
 */
import type { EventOf } from '../events/cloudevent.ts';
import { createdEvents } from '../events/object-events.ts';
import { defineFunction, done, type Outcome, park } from './define.ts';
import type { BatchContext, Look } from './ports.ts';
import { exclusively } from './replication/exclusive.ts';
import { bucketMissing, nullVersion, type Place, placeOf, unconcerned } from './replication/placing.ts';
import { observedAbsence, openVersion, type Sends, sentOutcome } from './replication/sending.ts';
import { stackUp } from './replication/stacking.ts';

const on = [
  'com.amazonaws.s3.ObjectCreated:Put',
  'com.amazonaws.s3.ObjectCreated:Post',
  'com.amazonaws.s3.ObjectCreated:Copy',
  'com.amazonaws.s3.ObjectCreated:CompleteMultipartUpload',
  'dev.causeway.version.arrived.v1',
  'dev.causeway.version.due.v1',
] as const;

type Created = EventOf<(typeof on)[number]>;

export const replicate = defineFunction({
  name: 'replicate',
  on,
  emits: ['dev.causeway.version.sent.v1', 'dev.causeway.delete.due.v1'],
  handle,
  handleBatch: (events, context) => stackUp(events, context, (event) => handle(event, context)),
});

async function handle(event: Created, context: BatchContext): Promise<Outcome<Sends>> {
  const { link } = context;
  const { data } = event;
  const reason = unconcerned(link, data);
  if (reason) return done(reason);
  const place = placeOf(link, data);
  const send = () => sendVersion(context, place, data.modified, 'round' in data ? data.round : 0);
  // A fresh ID cannot be at the target yet, so a live version spends no request on looking.
  if (isLive(event.type) && place.source.versionId !== nullVersion) return send();
  const seen = await context.target.look(place.target);
  if (seen.state === 'absent' && seen.missing === 'bucket') {
    throw bucketMissing(link.target.site, link.target.bucket);
  }
  if (seen.state === 'absent') return send();
  return alreadyThere(context, place, seen, send);
}

const live: ReadonlySet<string> = new Set(createdEvents.map((name) => `com.amazonaws.s3.${name}`));
const isLive = (type: string): boolean => live.has(type);

async function sendVersion(
  context: BatchContext,
  place: Place,
  told: string | undefined,
  round: number,
): Promise<Outcome<Sends>> {
  const opened = await openVersion(context, place, told);
  if ('kind' in opened) return opened;
  const began = context.clock.now();
  try {
    const answer = await context.target.write(place.target, opened);
    // A purge's second look may be over by the time a large version has arrived.
    const isLate = context.clock.now() - began > context.deadlines.putMs;
    if (isLate && (await context.source.look(place.source)).state === 'absent') {
      return observedAbsence(context, place);
    }
    return sentOutcome(context, place, opened.facts, { answer, round });
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
