/** What can come to scan-retry. What fails is let go: the next interval brings the same work again. */
import { expect } from 'vitest';
import { scanDue } from '../../../../events/sources/schedule.ts';
import { RetryableError, TerminalError } from '../../../../functions/errors.ts';
import { type FunctionCases, ownEvent, put, putBoth } from '../case.ts';
import { bucket, type HostWorld } from '../world.ts';

const found = ['dev.causeway.version.due.v1'] as const;

/** What is younger than a slice is on its way by its event. */
async function due(world: HostWorld) {
  await world.clock.advance(2 * world.link.scanEveryMs);
  return scanDue(world.link.id, world.link.scanEveryMs, world.clock.now());
}

export const scanRetryCases: FunctionCases = {
  function: 'scan-retry',
  comesByItself: true,
  cases: [
    {
      name: 'a version that no event told of is due',
      arrange(world, key) {
        put(world, 'east', key);
        return due(world);
      },
      emits: found,
    },
    {
      name: 'sites that agree need nothing',
      async arrange(world, key) {
        await putBoth(world, key);
        return due(world);
      },
    },
    {
      name: 'a key outside the rule is not looked at',
      arrange(world, key) {
        put(world, 'east', `out/${key}`);
        return due(world);
      },
    },
    {
      name: 'a slice that is long past is left out',
      arrange(world, key) {
        put(world, 'east', key);
        const data = { link: world.link.id, slot: new Date(world.clock.now() - 3_600_000).toISOString() };
        return ownEvent(world, { type: 'dev.causeway.scan.due.v1', data });
      },
    },
    {
      name: 'without the source bucket nothing is said, and nothing removed: the next slice looks again',
      async arrange(world, key) {
        await putBoth(world, key);
        world.sites.east.removeBucket(bucket);
        return due(world);
      },
    },
    {
      name: 'without the target bucket nothing is said: the next slice looks again',
      arrange(world, key) {
        put(world, 'east', key);
        world.sites.west.removeBucket(bucket);
        return due(world);
      },
    },
    {
      name: 'while the target does not answer it is kept waiting',
      arrange(world, key) {
        put(world, 'east', key);
        world.down('west', true);
        return due(world);
      },
      fate: 'comes again',
      mend: (world) => world.down('west', false),
      emits: found,
    },
    {
      name: 'what fails once is the next slice’s work',
      arrange(world, key) {
        put(world, 'east', key);
        world.failNext('east', 'list', new RetryableError('a connection broke'));
        return due(world);
      },
    },
    {
      name: 'what it found and could not tell is found again by the next slice',
      async arrange(world, key) {
        put(world, 'east', key);
        world.failPublishing(new Error('NATS is away'));
        return due(world);
      },
      async holds(world) {
        const remembered = await world.contextOf(world.link).walks.load(world.link.id);
        expect(remembered).toBeUndefined();
      },
    },
    {
      name: 'what no retry can help is kept as a dead letter',
      arrange(world, key) {
        put(world, 'east', key);
        world.failNext('east', 'list', new TerminalError('no listing can be made'));
        return due(world);
      },
      parked: /no listing/,
    },
  ],
};
