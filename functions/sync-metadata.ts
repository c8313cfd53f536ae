/**
 * Brings tags, retention and legal hold of an existing version over.
 *
 * on:        a client changed them at the source, such a change arrived there, or a comparison found a difference
 * emits:     version.due where the target lacks the version, delete.due where the source does, metadata.arrived for
 *            the rules that start at the target
 * guarantee: the target ends with what the source has when it is read, whatever the order of the events, also where
 *            another link has still to bring the version. Two-way, all sites take one lock, so that changes at once
 *            do not go round after each other for ever.
 */
import type { VersionFacts, VersionRef } from '../events/object-events.ts';
import { defineFunction, done, later, park, retryAfter } from './define.ts';
import type { Link, LinkContext } from './ports.ts';
import { differences, inForce } from './replication/compare.ts';
import { exclusively } from './replication/exclusive.ts';
import { bucketMissing, passedOn, placeOf, unconcerned } from './replication/placing.ts';
import { lookIfReachable } from './replication/reachable.ts';

/** Another link brings the version; then this change is looked at again. */
const arrivalMs = 5_000;
/** Whatever has not come by then does not come: its origin's link cannot bring it. */
const longestWaitMs = 24 * 60 * 60_000;

export const syncMetadata = defineFunction({
  name: 'sync-metadata',
  on: [
    'com.amazonaws.s3.ObjectCreated:PutTagging',
    'com.amazonaws.s3.ObjectCreated:DeleteTagging',
    'com.amazonaws.s3.ObjectCreated:PutRetention',
    'com.amazonaws.s3.ObjectCreated:PutLegalHold',
    'dev.causeway.metadata.arrived.v1',
    'dev.causeway.metadata.due.v1',
  ],
  emits: ['dev.causeway.version.due.v1', 'dev.causeway.delete.due.v1', 'dev.causeway.metadata.arrived.v1'],
  async handle(event, context) {
    const { link, source, target, clock } = context;
    const { data } = event;
    const reason = unconcerned(link, data);
    if (reason) return done(reason);
    if (!link.metadataChanges) return done('the rule leaves metadata alone');
    const place = placeOf(link, data);
    const version = { link: link.id, ...place.source };
    return exclusively(context, { ...lockedAt(link), key: place.target.key }, async () => {
      const wanted = await source.look(place.source);
      if (wanted.state === 'absent' && wanted.missing === 'bucket') {
        throw bucketMissing(link.source.site, link.source.bucket);
      }
      if (wanted.state !== 'object') {
        const gone = { ...version, reason: 'observed' } as const;
        return done('gone from the source', { type: 'dev.causeway.delete.due.v1', data: gone });
      }
      const seen = await target.look(place.target);
      if (seen.state === 'absent' && seen.missing === 'bucket') {
        throw bucketMissing(link.target.site, link.target.bucket);
      }
      if (seen.state === 'absent' && wanted.replica && mayBeOrigin(link)) {
        const isPatient = clock.now() - Date.parse(event.time) < longestWaitMs;
        if (isPatient && (await isFedBeside(context, place.source)))
          return later(arrivalMs, 'on its way from its origin, maybe as it was before this change');
        return done('not there: its origin may have purged it, and the walk finds out');
      }
      if (seen.state === 'absent') {
        // What brings it brings its tags as they are then; but where tags select, this change may be what selects it.
        if (Object.keys(link.filter.tags).length === 0) return done('not there yet');
        const missing = { ...version, reason: 'missing', round: 0 } as const;
        return done('not there yet', { type: 'dev.causeway.version.due.v1', data: missing });
      }
      if (seen.state === 'marker' || seen.facts.etag !== wanted.facts.etag) {
        return park(`${link.target.site} holds something else under version ${place.target.versionId}`);
      }
      const differing = (facts: VersionFacts): readonly string[] =>
        differences(inForce(wanted.facts, clock.now()), inForce(facts, clock.now())).metadata;
      const passOn = passedOn(context, place, 'dev.causeway.metadata.arrived.v1');
      if (differing(seen.facts).length === 0) return done('the same already', ...passOn);
      await target.setMetadata(place.target, wanted.facts);
      const now = await target.look(place.target);
      const left = now.state === 'object' ? differing(now.facts) : ['version'];
      if (left.length > 0)
        return retryAfter(1000, `${link.target.site} still shows another ${left.join(', ')}`);
      return done('metadata brought over', ...passOn);
    });
  },
});

/** One place for all links among which a change can go round; where none leads back, targets do not wait for each other. */
function lockedAt({ twoWay, source, target, origins }: Link): Link['source'] {
  if (!twoWay) return target;
  const nameOf = ({ site, bucket }: Link['source']): string => `${site}/${bucket}`;
  return [source, target, ...origins].reduce((least, place) =>
    nameOf(place) < nameOf(least) ? place : least,
  );
}

/**
 * Its origin has it, as far as can be told, and feeds the target itself: the change alone has still to come from here,
 * and of a nested key no walk would see that it did not.
 */
async function isFedBeside({ link, site }: LinkContext, version: VersionRef): Promise<boolean> {
  for (const origin of link.origins) {
    if (!link.fedBy.includes(origin.site)) continue;
    const look = await lookIfReachable(site(origin.site), { ...version, bucket: origin.bucket });
    if (look === undefined || (look.state === 'object' && !look.replica)) return true;
  }
  return false;
}

const mayBeOrigin = ({ origins, target }: Link): boolean =>
  origins.some(({ site, bucket }) => site === target.site && bucket === target.bucket);
