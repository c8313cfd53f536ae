/** What can come to replicate-many. */
import { expect } from 'vitest';
import type { CausewayEvent } from '../../../../events/cloudevent.ts';
import type { VersionRef } from '../../../../events/object-events.ts';
import { RefusedError, RetryableError } from '../../../../functions/errors.ts';
import { type FunctionCases, ownEvent, put } from '../case.ts';
import type { HostWorld } from '../world.ts';

const count = 12;

function many(world: HostWorld, key: string): VersionRef[] {
  return Array.from({ length: count }, (_, n) =>
    put(world, 'east', n === 0 ? key : `${key}-${n % 4}`, `${n}`),
  );
}

function due(world: HostWorld, versions: readonly VersionRef[]): CausewayEvent {
  const named = versions.map(({ key, versionId }) => ({ key, versionId, size: 2 }));
  return ownEvent(world, {
    type: 'dev.causeway.versions.due.v1',
    data: { link: world.link.id, versions: named },
  });
}

const shown = (world: HostWorld) =>
  world.holdings().then((sites) =>
    (['east', 'west'] as const).map((site) =>
      sites[site].map(({ key, versionId, etag, modified, latest }) => ({
        ...{ key, versionId, etag, modified, latest },
      })),
    ),
  );

async function holdsAll(world: HostWorld): Promise<void> {
  const [east, west] = await shown(world);
  expect(west).toEqual(east);
}

async function holdsNothing(world: HostWorld): Promise<void> {
  expect((await world.holdings()).west).toEqual([]);
}

const again = Array.from({ length: count }, () => 'dev.causeway.version.due.v1' as const);

export const replicateManyCases: FunctionCases = {
  function: 'replicate-many',
  cases: [
    {
      name: 'all of them are sent',
      arrange: (world, key) => due(world, many(world, key)),
      holds: holdsAll,
    },
    {
      name: 'one that has gone meanwhile holds up no other',
      arrange(world, key) {
        const versions = many(world, key);
        const [first] = versions;
        if (first) world.clients.east.deleteVersion(first);
        return due(world, versions);
      },
      emits: ['dev.causeway.delete.due.v1'],
      holds: holdsAll,
    },
    {
      name: 'what cannot be sent together goes on one by one',
      arrange(world, key) {
        world.failNext('west', 'stack', new RetryableError('a connection broke'));
        return due(world, many(world, key));
      },
      emits: again,
      holds: holdsNothing,
    },
    {
      name: 'a stack that is refused is halved until all that can be is there',
      arrange(world, key) {
        world.failNext('west', 'stack', new RefusedError('west', 'InvalidRequest', 'a bad entry'));
        return due(world, many(world, key));
      },
      holds: holdsAll,
    },
    {
      name: 'while the target does not answer it is kept waiting',
      arrange(world, key) {
        world.down('west', true);
        return due(world, many(world, key));
      },
      fate: 'comes again',
      mend: (world) => world.down('west', false),
      holds: holdsAll,
    },
    {
      name: 'keys outside the rule are let go',
      arrange: (world, key) => due(world, many(world, `out/${key}`)),
      holds: holdsNothing,
    },
  ],
};
