/**
 * Mirrors delete markers and purges. The event only says where to look: the source is asked, and its definite answer
 * decides (a marker's deletion claims to be its creation, and queues may be older than the truth).
 *
 * on:        something was removed at the source, a comparison found a removal, or a purge's second look is due
 * emits:     purge.recheck, delete.due for each replica where a removal named no version, delete.arrived for further rules
 * guarantee: a marker is created once (a doubled request would remove it) under the key lock; a purge is made at once
 *            and again when every PUT that could still be under way has ended (a late PUT brings a version back);
 *            nothing is removed because a source could not be read, or was made anew
 */
import type { VersionRef } from '../events/object-events.ts';
import { defineFunction, done, later, park, retryAfter } from './define.ts';
import type { LinkContext, Look, ObjectStore } from './ports.ts';
import { exclusively } from './replication/exclusive.ts';
import { heldBecause } from './replication/held.ts';
import { replicaTime, versionsOf } from './replication/order.ts';
import {
  bucketMissing,
  nullVersion,
  type Place,
  passedOn,
  placeOf,
  unconcerned,
} from './replication/placing.ts';
import { tellsOfRemoval } from './replication/removal.ts';
import { carriesMarker, matches } from './replication/rule-match.ts';

/** Beyond the longest PUT, for clocks and queues. */
const recheckMarginMs = 60_000;
const arrival = 'dev.causeway.delete.arrived.v1';

export const propagateDelete = defineFunction({
  name: 'propagate-delete',
  on: [
    'com.amazonaws.s3.ObjectRemoved:Delete',
    'com.amazonaws.s3.ObjectRemoved:DeleteMarkerCreated',
    'com.amazonaws.s3.ObjectRemoved:DeleteAllVersions',
    'com.amazonaws.s3.LifecycleDelMarkerExpiration:Delete',
    'dev.causeway.delete.arrived.v1',
    'dev.causeway.delete.due.v1',
    'dev.causeway.purge.recheck.v1',
  ],
  emits: ['dev.causeway.purge.recheck.v1', 'dev.causeway.delete.due.v1', 'dev.causeway.delete.arrived.v1'],
  async handle(event, context) {
    const { link, source, clock } = context;
    const { data } = event;
    const reason = unconcerned(link, data);
    if (reason) return done(reason);
    if (!data.versionId) return everyVersion(context, data.key);
    if ('notBefore' in data) {
      const wait = Date.parse(data.notBefore) - clock.now();
      if (wait > 0) return later(wait, 'a late PUT may still arrive');
    }
    const place = placeOf(link, data);
    const isRecheck = 'notBefore' in data;
    const isClients = event.type === 'com.amazonaws.s3.ObjectRemoved:Delete';
    const look = await source.look(place.source);
    // A client's purge is final: what is there again was brought back while nobody had heard of it. It looks like a
    // replica, but for a key's first marker, which never does.
    const isBrought = look.state !== 'absent' && (look.replica || (isClients && look.state === 'marker'));
    const isUndone = isBrought && (isClients || isRecheck) && place.source.versionId !== nullVersion;
    if (isUndone) return purge(context, place, { isRecheck, alsoAtSource: look });
    if (look.state === 'object') return done('still at the source');
    if (look.state === 'marker') {
      const exact = 'modified' in data ? data.modified : undefined;
      if (look.replica && 'eventTime' in data) {
        // Deleting a key that is deleted already announces its marker again, whoever made it.
        const isRemoval = await tellsOfRemoval(context, place, exact);
        if (isRemoval) return purge(context, place, { isRecheck, alsoAtSource: look });
        // Another link of this site may have removed it just now.
        const now = await source.look(place.source);
        const isGone = now.state === 'absent' && now.missing === 'version';
        return isGone ? purge(context, place, { isRecheck }) : done('a replica: its origin tells of it');
      }
      const told = exact ?? ('eventTime' in data ? data.eventTime : undefined);
      return putMarker(context, place, look.modified, told);
    }
    if (look.missing === 'bucket') throw bucketMissing(link.source.site, link.source.bucket);
    return purge(context, place, { isRecheck, isUnannounced: 'reason' in data });
  },
});

/**
 * The removal names no version (all at once): every replica that the target has is looked at. What began at the target
 * may never have been at the source, so the source's silence says nothing about it.
 */
async function everyVersion(context: LinkContext, key: string) {
  const { link, target } = context;
  const versions = await versionsOf(target, link.target.bucket, key);
  const due = [];
  for (const { versionId, replica } of versions) {
    const version = { bucket: link.source.bucket, key, versionId };
    if (!(replica ?? (await isReplica(target, { ...version, bucket: link.target.bucket })))) continue;
    const data = { link: link.id, ...version, reason: 'observed' } as const;
    due.push({ type: 'dev.causeway.delete.due.v1' as const, data });
  }
  return done(due.length > 0 ? 'each replica is looked at' : 'nothing there', ...due);
}

/** Listings do not tell it of markers. */
async function isReplica(store: ObjectStore, ref: VersionRef): Promise<boolean> {
  const look = await store.look(ref);
  return look.state !== 'absent' && look.replica;
}

async function putMarker(context: LinkContext, place: Place, shown: string, told: string | undefined) {
  const { link, source, target, clock, meter } = context;
  if (!link.deleteMarkers) return done('the rule leaves delete markers alone');
  if (place.source.versionId === nullVersion)
    return park('null delete markers are not replicated: enable versioning');
  // A listing is asked only where tags decide.
  const { key } = place.source;
  const isByTags = matches(link, key) === 'needs-tags';
  if (isByTags && !carriesMarker(link, key, await versionsOf(source, link.source.bucket, key)))
    return done('outside the rule');
  const at = { ...link.target, key: place.target.key };
  return exclusively(context, at, async (lock) => {
    const before = await target.look(place.target);
    if (before.state === 'marker')
      return done(
        'already there',
        ...passedOn(context, place, arrival, told === undefined ? {} : { modified: told }),
      );
    if (before.state === 'object')
      return park(`${link.target.site} holds an object under this marker's version ID`);
    if (before.missing === 'bucket') throw bucketMissing(link.target.site, link.target.bucket);
    // Markers carry no tags: where tags select, a marker concerns the target only if it has the key.
    const isSelective = Object.keys(link.filter.tags).length > 0;
    if (isSelective && (await versionsOf(target, link.target.bucket, place.target.key)).length === 0) {
      return done('nothing there to mark');
    }
    const modified = await replicaTime(source, place.source, shown, told);
    lock.signal.throwIfAborted();
    await target.putMarker(place.target, modified);
    const after = await target.look(place.target);
    if (after.state !== 'marker') return retryAfter(1000, 'the marker did not stay');
    const lagMs = clock.now() - Date.parse(modified);
    meter.arrived(link.id, 0, lagMs);
    meter.verified(link.id, lagMs);
    return done('marker sent', ...passedOn(context, place, arrival, { modified }));
  });
}

async function purge(
  context: LinkContext,
  place: Place,
  {
    isRecheck,
    isUnannounced = false,
    alsoAtSource,
  }: { readonly isRecheck: boolean; readonly isUnannounced?: boolean; readonly alsoAtSource?: Look },
) {
  const { link, source, target, clock, meter, deadlines } = context;
  if (!link.versionPurges) return done('the rule leaves purges alone');
  const at = { ...link.target, key: place.target.key };
  return exclusively(context, at, async (lock) => {
    const before = await target.look(place.target);
    if (before.state === 'absent' && before.missing === 'bucket') {
      throw bucketMissing(link.target.site, link.target.bucket);
    }
    // What tells of a marker's purge may as well have told that it was made.
    const isDoubtful = !isRecheck && !alsoAtSource && (isUnannounced || before.state === 'marker');
    if (isDoubtful && (await sourceMadeAnew(context, before))) {
      meter.orphan(link.id, place.target);
      return park(`bucket ${link.source.bucket} at ${link.source.site} was made anew: its replicas are kept`);
    }
    const held = heldBecause(before, clock.now());
    if (held) return park(`${link.target.site} must keep this version: ${held}`);
    if (alsoAtSource && heldBecause(alsoAtSource, clock.now()) === undefined) {
      lock.signal.throwIfAborted();
      await source.purge(place.source);
    }
    if (before.state !== 'absent') {
      lock.signal.throwIfAborted();
      await target.purge(place.target);
      const after = await target.look(place.target);
      if (after.state !== 'absent') return retryAfter(1000, 'the version did not go');
    }
    const passOn = passedOn(context, place, arrival);
    if (isRecheck) return done(before.state === 'absent' ? 'still gone' : 'purged a late arrival', ...passOn);
    const notBefore = new Date(clock.now() + deadlines.putMs + recheckMarginMs).toISOString();
    return done(before.state === 'absent' ? 'not there' : 'purged', ...passOn, {
      type: 'dev.causeway.purge.recheck.v1',
      data: { link: link.id, ...place.source, notBefore },
    });
  });
}

/** An absence counts only in the bucket that the replica was made from: not in one made anew since. */
async function sourceMadeAnew(context: LinkContext, replica: Look): Promise<boolean> {
  const { link, source, walks } = context;
  if (replica.state === 'absent') return false;
  const known = await walks.load(link.id);
  if (!known) return false;
  const bucket = await source.bucket(link.source.bucket);
  if (!bucket) throw bucketMissing(link.source.site, link.source.bucket);
  if (!known.frozen && bucket.created === known.sourceCreated) return false;
  const modified = replica.state === 'marker' ? replica.modified : replica.facts.modified;
  return Date.parse(modified) < Date.parse(bucket.created);
}
