/** What can come to verify. It takes the word of the rule from who sent the version. */
import { RetryableError, TerminalError } from '../../../../functions/errors.ts';
import { type FunctionCases, lookAt, ownEvent, put, putBoth } from '../case.ts';
import { bucket, type HostWorld } from '../world.ts';

async function sentEvent(world: HostWorld, key: string, round = 0) {
  const version = await putBoth(world, key);
  const look = await lookAt(world, 'east', version);
  if (look.state !== 'object') throw new Error('it is not there');
  const sentAt = new Date(world.clock.now()).toISOString();
  const data = { link: world.link.id, ...version, expected: look.facts, sentAt, via: ['east'], round };
  return ownEvent(world, { type: 'dev.causeway.version.sent.v1', data });
}

/** Takes away what the target confirmed. */
async function lost(world: HostWorld, key: string, round = 0) {
  const event = await sentEvent(world, key, round);
  for (const { versionId } of world.sites.west.bucket(bucket).versions.of(key)) {
    world.sites.west.bucket(bucket).versions.remove(key, versionId);
  }
  return event;
}

export const verifyCases: FunctionCases = {
  function: 'verify',
  cases: [
    {
      name: 'what the target shows as it was sent is the end of it',
      arrange: (world, key) => sentEvent(world, key),
    },
    {
      name: 'what the target does not show is due again',
      arrange: (world, key) => lost(world, key),
      emits: ['dev.causeway.version.due.v1'],
    },
    {
      name: 'what the target does not show after many rounds is kept as a dead letter',
      arrange: (world, key) => lost(world, key, 5),
      parked: /does not keep what it confirmed/,
    },
    {
      name: 'other tags are brought over',
      async arrange(world, key) {
        const event = await sentEvent(world, key);
        const [version] = world.sites.west.bucket(bucket).versions.of(key);
        world.clients.west.putTags({ bucket, key, versionId: version?.versionId ?? '' }, { kind: 'cat' });
        return event;
      },
      emits: ['dev.causeway.metadata.due.v1'],
    },
    {
      name: 'other content is kept as a dead letter',
      async arrange(world, key) {
        const event = await sentEvent(world, key);
        const { versions } = world.sites.west.bucket(bucket);
        const [version] = versions.of(key);
        if (version) versions.put(key, { ...version, etag: 'another' });
        return event;
      },
      parked: /another etag than was sent/,
    },
    {
      name: 'what has gone from the source is verified all the same',
      async arrange(world, key) {
        const event = await sentEvent(world, key);
        world.sites.east.removeBucket(bucket);
        return event;
      },
    },
    {
      name: 'without the target bucket it waits in the ledger',
      async arrange(world, key) {
        const event = await sentEvent(world, key);
        world.sites.west.removeBucket(bucket);
        return event;
      },
      ledger: ['failed'],
    },
    {
      name: 'while the target does not answer it is kept waiting',
      async arrange(world, key) {
        const event = await sentEvent(world, key);
        world.down('west', true);
        return event;
      },
      fate: 'comes again',
      mend: (world) => world.down('west', false),
    },
    {
      name: 'what fails once is tried again',
      async arrange(world, key) {
        const event = await sentEvent(world, key);
        world.failNext('west', 'head', new RetryableError('a connection broke'));
        return event;
      },
      fate: 'comes again',
      mend: () => undefined,
    },
    {
      name: 'what no retry can help is kept as a dead letter',
      async arrange(world, key) {
        const event = await sentEvent(world, key);
        world.failNext('west', 'head', new TerminalError('no such thing can be asked'));
        return event;
      },
      parked: /no such thing/,
    },
    {
      name: 'of a null version that was overwritten nothing has to be said',
      async arrange(world, key) {
        const event = await sentEvent(world, key);
        if (event.type !== 'dev.causeway.version.sent.v1') throw new Error('another event');
        put(world, 'west', key, 'a dog');
        const { versions } = world.sites.west.bucket(bucket);
        const [latest] = versions.of(key);
        if (latest) versions.put(key, { ...latest, versionId: 'null' });
        return { ...event, data: { ...event.data, versionId: 'null' } };
      },
    },
  ],
};
