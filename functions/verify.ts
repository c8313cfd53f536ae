/**
 * Looks at what the target now shows of a version that was sent, and compares all that it can see.
 *
 * on:        version.sent
 * emits:     version.due or metadata.due for what differs, so that it goes round again; version.arrived for the rules
 *            that start at the target
 * guarantee: a version counts as verified only when the target itself showed it, field by field
 */
import { defineFunction, done, park } from './define.ts';
import { differences, inForce } from './replication/compare.ts';
import { bucketMissing, nullVersion, passedOn, placeOf } from './replication/placing.ts';

/** Rounds after which a target that keeps showing something else needs a person. */
const roundLimit = 5;

export const verify = defineFunction({
  name: 'verify',
  on: ['dev.causeway.version.sent.v1'],
  emits: ['dev.causeway.version.due.v1', 'dev.causeway.metadata.due.v1', 'dev.causeway.version.arrived.v1'],
  async handle(event, context) {
    const { link, target, clock, meter } = context;
    const { data } = event;
    const place = placeOf(link, data);
    const version = { link: link.id, ...place.source };
    const look = await target.look(place.target);
    if (look.state === 'absent') {
      if (look.missing === 'bucket') throw bucketMissing(link.target.site, link.target.bucket);
      if (data.round >= roundLimit) return park(`${link.target.site} does not keep what it confirmed`);
      const again = {
        ...version,
        modified: data.expected.modified,
        reason: 'differs',
        round: data.round + 1,
      } as const;
      return done('not there', { type: 'dev.causeway.version.due.v1', data: again });
    }
    if (look.state === 'marker')
      return park(`${link.target.site} shows a delete marker under this version ID`);
    const { content, metadata } = differences(
      inForce(data.expected, clock.now()),
      inForce(look.facts, clock.now()),
    );
    // It was overwritten in place, and what took its place is verified by itself.
    if (content.length > 0 && data.versionId === nullVersion) return done('overwritten meanwhile');
    if (content.length > 0) {
      meter.differs(link.id, place.target, content);
      return park(`${link.target.site} shows another ${content.join(', ')} than was sent`);
    }
    const { modified, size } = data.expected;
    const arrival = { ...place, via: data.via };
    const passOn = passedOn(context, arrival, 'dev.causeway.version.arrived.v1', { modified, size });
    // Two-way, a difference can be a client's change at the target that is on its way to the source.
    if (metadata.length > 0 && link.metadataChanges && !link.twoWay) {
      const differs = { ...version, reason: 'differs' } as const;
      // It goes on all the same: what is set right here follows it.
      return done('metadata differs', ...passOn, { type: 'dev.causeway.metadata.due.v1', data: differs });
    }
    meter.verified(link.id, clock.now() - Date.parse(modified));
    return done('verified', ...passOn);
  },
});
