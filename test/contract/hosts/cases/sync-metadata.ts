/** What can come to sync-metadata. */
import { expect } from 'vitest';
import { RetryableError, TerminalError } from '../../../../functions/errors.ts';
import { type FunctionCases, lookAt, put, putBoth, rightsExpire } from '../case.ts';
import { bucket, type HostWorld } from '../world.ts';

async function tagged(world: HostWorld, key: string) {
  const version = await putBoth(world, key);
  world.clients.east.putTags(version, { kind: 'cat' });
  return world.notified();
}

async function holdsTags(world: HostWorld, key: string): Promise<void> {
  for (const site of ['east', 'west'] as const) {
    const [version] = world.sites[site].bucket(bucket).versions.of(key);
    const look = await lookAt(world, site, { bucket, key, versionId: version?.versionId ?? '' });
    expect(look).toMatchObject({ state: 'object', facts: { tags: { kind: 'cat' } } });
  }
}

export const syncMetadataCases: FunctionCases = {
  function: 'sync-metadata',
  cases: [
    { name: 'new tags are brought over', arrange: tagged, holds: holdsTags },
    {
      name: 'a legal hold is brought over',
      async arrange(world, key) {
        const version = await putBoth(world, key);
        world.clients.east.putLegalHold(version, 'ON');
        return world.notified();
      },
      async holds(world, key) {
        const [version] = world.sites.west.bucket(bucket).versions.of(key);
        expect(version?.legalHold).toBe('ON');
      },
    },
    {
      name: 'of a version that has gone from the source others find out more',
      async arrange(world, key) {
        const event = await tagged(world, key);
        const [version] = world.sites.east.bucket(bucket).versions.of(key);
        world.clients.east.deleteVersion({ bucket, key, versionId: version?.versionId ?? '' });
        return event;
      },
      emits: ['dev.causeway.delete.due.v1'],
    },
    {
      name: 'a version that is not at the target yet is left to what brings it',
      arrange(world, key) {
        world.clients.east.putTags(put(world, 'east', key), { kind: 'cat' });
        return world.notified();
      },
    },
    {
      name: 'without the source bucket it waits in the ledger',
      async arrange(world, key) {
        const event = await tagged(world, key);
        world.sites.east.removeBucket(bucket);
        return event;
      },
      ledger: ['failed'],
    },
    {
      name: 'without the target bucket it waits in the ledger',
      async arrange(world, key) {
        const event = await tagged(world, key);
        world.sites.west.removeBucket(bucket);
        return event;
      },
      ledger: ['failed'],
    },
    {
      name: 'while the target does not answer it is kept waiting, and the key with it',
      async arrange(world, key) {
        const event = await tagged(world, key);
        world.down('west', true);
        return event;
      },
      fate: 'comes again',
      mend(world) {
        expect(world.locked.size).toBe(1);
        world.down('west', false);
        rightsExpire(world);
      },
      holds: holdsTags,
    },
    {
      name: 'while another worker changes the key it is kept waiting',
      async arrange(world, key) {
        world.locked.add(key);
        return tagged(world, key);
      },
      fate: 'comes again',
      mend: rightsExpire,
      holds: holdsTags,
    },
    {
      name: 'what fails once is tried again',
      async arrange(world, key) {
        const event = await tagged(world, key);
        world.failNext('west', 'change', new RetryableError('a connection broke'));
        return event;
      },
      fate: 'comes again',
      mend: rightsExpire,
      holds: holdsTags,
    },
    {
      name: 'what no retry can help is kept as a dead letter',
      async arrange(world, key) {
        const event = await tagged(world, key);
        world.failNext('west', 'change', new TerminalError('too many tags'));
        return event;
      },
      parked: /too many tags/,
    },
    {
      name: 'a key outside the rule is let go',
      arrange: (world, key) => tagged(world, `out/${key}`),
      async holds(world, key) {
        expect(world.sites.west.bucket(bucket).versions.of(`out/${key}`)[0]?.tags).toEqual({});
      },
    },
  ],
};
