/** What can come to replicate. */
import { expect } from 'vitest';
import { RetryableError, TerminalError } from '../../../../functions/errors.ts';
import { type FunctionCases, lookAt, ownEvent, put, putBoth } from '../case.ts';
import { bucket, type HostWorld } from '../world.ts';

const sent = ['dev.causeway.version.sent.v1'] as const;
const gone = ['dev.causeway.delete.due.v1'] as const;

const written = (world: HostWorld, key: string) => {
  put(world, 'east', key);
  return world.notified();
};

async function holdsReplica(world: HostWorld): Promise<void> {
  const { east, west } = await world.holdings();
  expect(west.map(({ key, versionId, etag, modified }) => ({ key, versionId, etag, modified }))).toEqual(
    east.map(({ key, versionId, etag, modified }) => ({ key, versionId, etag, modified })),
  );
  expect(west.every(({ replica }) => replica)).toBe(true);
}

async function holdsNothing(world: HostWorld): Promise<void> {
  expect((await world.holdings()).west).toEqual([]);
}

export const replicateCases: FunctionCases = {
  function: 'replicate',
  cases: [
    { name: 'a new version is sent', arrange: written, emits: sent, holds: holdsReplica },
    {
      name: 'a version that is due, and there already, is verified again',
      async arrange(world, key) {
        const version = await putBoth(world, key);
        const data = { link: world.link.id, ...version, reason: 'missing', round: 0 } as const;
        return ownEvent(world, { type: 'dev.causeway.version.due.v1', data });
      },
      emits: sent,
      holds: holdsReplica,
    },
    {
      name: 'a version that has gone from the source meanwhile is looked at by others',
      arrange(world, key) {
        const event = written(world, key);
        const [version] = world.sites.east.bucket(bucket).versions.of(key);
        world.clients.east.deleteVersion({ bucket, key, versionId: version?.versionId ?? '' });
        return event;
      },
      emits: gone,
      holds: holdsNothing,
    },
    {
      name: 'without the source bucket it waits in the ledger',
      arrange(world, key) {
        const event = written(world, key);
        world.sites.east.removeBucket(bucket);
        return event;
      },
      ledger: ['failed'],
      holds: holdsNothing,
    },
    {
      name: 'without the target bucket it waits in the ledger',
      arrange(world, key) {
        world.sites.west.removeBucket(bucket);
        return written(world, key);
      },
      ledger: ['failed'],
    },
    {
      name: 'while the target does not answer it is kept waiting',
      arrange(world, key) {
        world.down('west', true);
        return written(world, key);
      },
      fate: 'comes again',
      mend: (world) => world.down('west', false),
      emits: sent,
      holds: holdsReplica,
    },
    {
      name: 'while the source does not answer it is kept waiting',
      arrange(world, key) {
        const event = written(world, key);
        world.down('east', true);
        return event;
      },
      fate: 'comes again',
      mend: (world) => world.down('east', false),
      emits: sent,
      holds: holdsReplica,
    },
    {
      name: 'what fails once is tried again',
      arrange(world, key) {
        world.failNext('west', 'put', new RetryableError('a connection broke'));
        return written(world, key);
      },
      fate: 'comes again',
      mend: () => undefined,
      emits: sent,
      holds: holdsReplica,
    },
    {
      name: 'what the function cannot have meant is tried again',
      arrange(world, key) {
        world.failNext('east', 'get', new TypeError('undefined is not a function'));
        return written(world, key);
      },
      fate: 'comes again',
      mend: () => undefined,
      emits: sent,
    },
    {
      name: 'what no retry can help is kept as a dead letter',
      arrange(world, key) {
        world.failNext('east', 'get', new TerminalError('encrypted with a key that only its writer has'));
        return written(world, key);
      },
      parked: /encrypted with a key/,
      holds: holdsNothing,
    },
    {
      name: 'other content under its version ID is left as it is',
      async arrange(world, key) {
        const version = put(world, 'east', key);
        const other = put(world, 'west', key, 'a dog');
        const there = await world.stores.west.read(other);
        if (there) await world.stores.west.write(version, there);
        const data = { link: world.link.id, ...version, reason: 'differs', round: 1 } as const;
        return ownEvent(world, { type: 'dev.causeway.version.due.v1', data });
      },
      parked: /holds something else/,
    },
    {
      name: 'a key outside the rule is let go',
      arrange: (world, key) => written(world, `out/${key}`),
      holds: holdsNothing,
    },
    {
      name: 'a version that came from the target is not sent back',
      async arrange(world, key) {
        const version = put(world, 'east', key);
        const data = { site: 'east', ...version, via: ['west'] };
        expect((await lookAt(world, 'east', version)).state).toBe('object');
        return ownEvent(world, { type: 'dev.causeway.version.arrived.v1', data });
      },
      holds: holdsNothing,
    },
  ],
};
