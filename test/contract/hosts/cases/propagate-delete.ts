/** What can come to propagate-delete. */
import { expect } from 'vitest';
import type { CausewayEvent } from '../../../../events/cloudevent.ts';
import { RetryableError, TerminalError } from '../../../../functions/errors.ts';
import { type FunctionCases, ownEvent, put, putBoth, rightsExpire } from '../case.ts';
import { bucket, type HostWorld } from '../world.ts';

const recheck = ['dev.causeway.purge.recheck.v1'] as const;

async function purged(world: HostWorld, key: string): Promise<CausewayEvent> {
  world.clients.east.deleteVersion(await putBoth(world, key));
  return world.notified();
}

async function marked(world: HostWorld, key: string): Promise<CausewayEvent> {
  await putBoth(world, key);
  world.clients.east.delete(bucket, key);
  return world.notified();
}

const versionsAt = (world: HostWorld, key: string) =>
  world.sites.west
    .bucket(bucket)
    .versions.of(key)
    .map(({ versionId, marker }) => ({ versionId, marker }));

const holdsNone = (world: HostWorld, key: string): void => expect(versionsAt(world, key)).toEqual([]);
const holdsOne = (world: HostWorld, key: string): void => expect(versionsAt(world, key)).toHaveLength(1);

function holdsMarker(world: HostWorld, key: string): void {
  const atSource = world.sites.east.bucket(bucket).versions.of(key);
  expect(versionsAt(world, key)).toEqual(atSource.map(({ versionId, marker }) => ({ versionId, marker })));
  expect(versionsAt(world, key)[0]?.marker).toBe(true);
}

export const propagateDeleteCases: FunctionCases = {
  function: 'propagate-delete',
  cases: [
    { name: 'a delete marker is mirrored', arrange: marked, holds: holdsMarker },
    {
      name: 'a purge is mirrored, and looked at once more',
      arrange: purged,
      emits: recheck,
      holds: holdsNone,
    },
    {
      name: 'a purge of what is not at the target is looked at once more',
      arrange(world, key) {
        world.clients.east.deleteVersion(put(world, 'east', key));
        return world.notified();
      },
      emits: recheck,
    },
    {
      name: 'the end of a marker, which claims to be its creation, is a purge',
      async arrange(world, key) {
        const marker = world.clients.east.delete(bucket, (await putBoth(world, key)).key);
        const ref = { bucket, key, versionId: marker?.versionId ?? '' };
        await world.stores.west.putMarker(ref, new Date(world.clock.now()).toISOString());
        world.clients.east.deleteVersion(ref);
        const event = world.notified();
        expect(event.type).toBe('com.amazonaws.s3.ObjectRemoved:DeleteMarkerCreated');
        return event;
      },
      emits: recheck,
      holds: holdsOne,
    },
    {
      name: 'what is still at the source is left alone',
      async arrange(world, key) {
        const version = await putBoth(world, key);
        const data = { link: world.link.id, ...version, reason: 'observed' } as const;
        return ownEvent(world, { type: 'dev.causeway.delete.due.v1', data });
      },
      holds: holdsOne,
    },
    {
      name: 'a removal that names no version has each version looked at',
      async arrange(world, key) {
        await putBoth(world, key);
        await putBoth(world, key);
        const eventTime = new Date(world.clock.now()).toISOString();
        const data = { site: 'east', bucket, key, size: 0, eventTime };
        return ownEvent(world, { type: 'com.amazonaws.s3.ObjectRemoved:DeleteAllVersions', data });
      },
      emits: ['dev.causeway.delete.due.v1', 'dev.causeway.delete.due.v1'],
    },
    {
      name: 'a second look that is not due yet is planned',
      async arrange(world, key) {
        const version = await putBoth(world, key);
        const notBefore = new Date(world.clock.now() + 60_000).toISOString();
        const data = { link: world.link.id, ...version, notBefore };
        return ownEvent(world, { type: 'dev.causeway.purge.recheck.v1', data });
      },
      ledger: ['planned'],
      holds: holdsOne,
    },
    {
      name: 'without the source bucket it waits in the ledger, and nothing is removed',
      async arrange(world, key) {
        const event = await purged(world, key);
        world.sites.east.removeBucket(bucket);
        return event;
      },
      ledger: ['failed'],
      holds: holdsOne,
    },
    {
      name: 'without the target bucket it waits in the ledger',
      async arrange(world, key) {
        const event = await marked(world, key);
        world.sites.west.removeBucket(bucket);
        return event;
      },
      ledger: ['failed'],
    },
    {
      name: 'while the source does not answer nothing is removed',
      async arrange(world, key) {
        const event = await purged(world, key);
        world.down('east', true);
        return event;
      },
      fate: 'comes again',
      mend(world) {
        expect(world.emitted).toEqual([]);
        world.down('east', false);
      },
      emits: recheck,
      holds: holdsNone,
    },
    {
      name: 'while another worker changes the key it is kept waiting',
      async arrange(world, key) {
        world.locked.add(key);
        return marked(world, key);
      },
      fate: 'comes again',
      mend: rightsExpire,
      holds: holdsMarker,
    },
    {
      name: 'what fails once is tried again, and makes one marker',
      async arrange(world, key) {
        const event = await marked(world, key);
        world.failNext('west', 'marker', new RetryableError('a connection broke'));
        return event;
      },
      fate: 'comes again',
      mend: rightsExpire,
      holds: holdsMarker,
    },
    {
      name: 'what no retry can help is kept as a dead letter',
      async arrange(world, key) {
        const event = await purged(world, key);
        world.failNext('west', 'purge', new TerminalError('that version cannot go'));
        return event;
      },
      parked: /cannot go/,
      holds: holdsOne,
    },
    {
      name: 'a version that the target must keep is kept, and the event as a dead letter',
      async arrange(world, key) {
        const version = await putBoth(world, key);
        await world.stores.west.setMetadata(version, { tags: {}, legalHold: 'ON' });
        world.clients.east.deleteVersion(version);
        return world.notified();
      },
      parked: /legal hold/,
      holds: holdsOne,
    },
    {
      name: 'a key outside the rule is let go',
      arrange: (world, key) => purged(world, `out/${key}`),
      holds: (world, key) => holdsOne(world, `out/${key}`),
    },
  ],
};
