/**
 * Sends one object version to one target.
 *
 * on:        an object version was created at the source (by a client, or by a replica's arrival), or is due again
 * emits:     version.sent, which verify takes; delete.due where the version has gone from the source meanwhile
 * guarantee: the target holds the version under its own ID, with the source's time, ETag, content, headers, metadata
 *            and tags, or nothing at all; content is checked before it is sent. A repeat changes nothing. A version
 *            ID that holds other content at the target is never overwritten.
 */
import { createdEvents } from '../events/object-events.ts';
import { defineFunction, done, park } from './define.ts';
import type { LinkContext, Look } from './ports.ts';
import { exclusively } from './replication/exclusive.ts';
import { replicaTime } from './replication/order.ts';
import { bucketMissing, nullVersion, type Place, placeOf, unconcerned } from './replication/placing.ts';
import { matches } from './replication/rule-match.ts';

export const replicate = defineFunction({
  name: 'replicate',
  on: [
    'com.amazonaws.s3.ObjectCreated:Put',
    'com.amazonaws.s3.ObjectCreated:Post',
    'com.amazonaws.s3.ObjectCreated:Copy',
    'com.amazonaws.s3.ObjectCreated:CompleteMultipartUpload',
    'dev.causeway.version.arrived.v1',
    'dev.causeway.version.due.v1',
  ],
  emits: ['dev.causeway.version.sent.v1', 'dev.causeway.delete.due.v1'],
  async handle(event, context) {
    const { link } = context;
    const { data } = event;
    const reason = unconcerned(link, data);
    if (reason) return done(reason);
    const place = placeOf(link, data);
    const round = 'round' in data ? data.round : 0;
    const told = data.modified;
    const send = () => sendVersion(context, place, told, round);
    // A fresh ID cannot be at the target yet, so a live version spends no request on looking.
    if (isLive(event.type) && place.source.versionId !== nullVersion) return send();
    const seen = await context.target.look(place.target);
    if (seen.state === 'absent' && seen.missing === 'bucket') {
      throw bucketMissing(link.target.site, link.target.bucket);
    }
    if (seen.state === 'absent') return send();
    return alreadyThere(context, place, seen, send);
  },
});

const live: ReadonlySet<string> = new Set(createdEvents.map((name) => `com.amazonaws.s3.${name}`));
const isLive = (type: string): boolean => live.has(type);

async function sendVersion(context: LinkContext, place: Place, told: string | undefined, round: number) {
  const { link, source, target, clock, meter } = context;
  const content = await source.read(place.source);
  if (!content) return observedAbsence(context, place);
  try {
    if (matches(link, place.source.key, content.facts.tags) !== 'yes') return done('outside the rule');
    const modified = await replicaTime(source, place.source, content.facts.modified, told);
    const facts = { ...content.facts, modified };
    const answer = await target.write(place.target, { ...content, facts });
    const sentAt = clock.now();
    if (answer === 'written') meter.arrived(link.id, facts.size, sentAt - Date.parse(modified));
    return done(answer === 'written' ? 'sent' : 'already there', {
      type: 'dev.causeway.version.sent.v1',
      data: {
        link: link.id,
        ...place.source,
        expected: facts,
        sentAt: new Date(sentAt).toISOString(),
        via: [...place.via],
        round,
      },
    });
  } finally {
    content.discard();
  }
}

/** The source does not have it (any more): no error. Whether that is a purge, propagate-delete finds out. */
async function observedAbsence(context: LinkContext, place: Place) {
  const look = await context.source.look(place.source);
  if (look.state === 'absent' && look.missing === 'bucket') {
    throw bucketMissing(context.link.source.site, context.link.source.bucket);
  }
  return done('gone from the source', {
    type: 'dev.causeway.delete.due.v1',
    data: { link: context.link.id, ...place.source, reason: 'observed' },
  });
}

/** The target has something under this ID: the same content needs no more than verifying, other content is kept. */
async function alreadyThere(
  context: LinkContext,
  place: Place,
  seen: Exclude<Look, { state: 'absent' }>,
  send: () => ReturnType<typeof sendVersion>,
) {
  const wanted = await context.source.look(place.source);
  if (wanted.state !== 'object') return observedAbsence(context, place);
  const same =
    seen.state === 'object' && seen.facts.etag === wanted.facts.etag && seen.facts.size === wanted.facts.size;
  if (same) return send();
  if (place.source.versionId !== nullVersion) {
    return park(`${context.link.target.site} holds something else under version ${place.target.versionId}`);
  }
  const { site, bucket } = context.link.target;
  return exclusively(context, { site, bucket, key: place.target.key }, send);
}
