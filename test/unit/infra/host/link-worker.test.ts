/** The local host of one link: which messages it holds, and what it does with them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CausewayEvent, encodeEvent } from '../../../../events/cloudevent.ts';
import { done, type FunctionDefinition, type Outcome } from '../../../../functions/define.ts';
import { SiteUnavailableError } from '../../../../functions/errors.ts';
import { createGate } from '../../../../infra/host/gate.ts';
import { type LinkWorker, startLinkWorker } from '../../../../infra/host/link-worker.ts';
import type { HeldMessage } from '../../../../infra/host/ports.ts';
import { settled } from '../../../contract/hosts/manual-clock.ts';
import { createHostWorld, type HostWorld } from '../../../contract/hosts/world.ts';
import { draftOf, eventOf } from '../../events/samples.ts';

const workingEveryMs = 10_000 / 3;
let world: HostWorld;
let worker: LinkWorker;
let onMessage: (message: HeldMessage) => void;
let said: string[];
let calls: string[];
let handle: () => Promise<Outcome>;
let bound: FunctionDefinition;

beforeEach(async () => {
  world = createHostWorld();
  said = [];
  calls = [];
  handle = async () => done('done');
  bound = {
    name: 'test',
    on: [],
    emits: [],
    handle(event) {
      calls.push(event.id);
      return handle();
    },
  };
  worker = await startLinkWorker({
    feed: {
      async open(take) {
        onMessage = take;
        return { close: async () => undefined };
      },
    },
    route: () => bound,
    context: world.contextOf(world.link),
    settlement: world.settlement,
    gate: createGate(world.clock, () => undefined),
    observer: {
      handled: () => undefined,
      foreign: () => undefined,
      unreadable: () => undefined,
      unsettled: () => undefined,
    },
    concurrency: 4,
    gatherMs: 1000,
    workingEveryMs,
    random: () => 0,
  });
});
afterEach(() => worker.stop());

function deliver(sequence: number, body: Uint8Array | CausewayEvent, attempts = 0): void {
  onMessage({
    body: body instanceof Uint8Array ? body : encodeEvent(body),
    sequence,
    attempts,
    stored: 1000 + sequence,
    ack: async () => void said.push(`${sequence} ack`),
    nak: (afterMs) => void said.push(`${sequence} nak ${afterMs}`),
    working: () => void said.push(`${sequence} working`),
  });
}
const event = (id: string, key = 'in/a') => eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', key), id);

/** A function that the test ends. */
function holding(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  handle = async () => {
    await promise;
    return done('done');
  };
  return resolve;
}

describe('a message that is held', () => {
  test('is not taken again when it is delivered again', async () => {
    const end = holding();
    deliver(1, event('one'));
    deliver(1, event('one'));
    await settled();
    end();
    await settled();

    expect([calls, said]).toEqual([['one'], ['1 ack']]);
  });

  test('is taken again once it was handed back', async () => {
    handle = () => Promise.reject(new Error('busy'));
    deliver(1, event('one'));
    await settled();
    handle = async () => done('done');
    deliver(1, event('one'), 1);
    await settled();

    expect([calls, said]).toEqual([
      ['one', 'one'],
      ['1 nak 500', '1 ack'],
    ]);
  });

  test('is held on to from well before its wait ends, also while it has no turn', async () => {
    const end = holding();
    deliver(1, event('one'));
    deliver(2, event('two'));
    await world.clock.advance(workingEveryMs);

    expect(said).toEqual(['1 working', '2 working']);
    expect(calls).toEqual(['one']);
    end();
  });

  test('tells how long the oldest of them has waited', async () => {
    const end = holding();
    expect(worker.oldest()).toBeUndefined();
    deliver(7, event('one'));
    deliver(9, event('two', 'in/b'));

    expect(worker.oldest()).toBe(1007);
    end();
    await settled();
    expect(worker.oldest()).toBeUndefined();
  });
});

test('events of one key are handled in the stream’s order, one at a time', async () => {
  const end = holding();
  for (const [index, id] of ['one', 'two', 'three'].entries()) deliver(index + 1, event(id));
  deliver(9, event('other', 'in/b'));
  await settled();
  expect(calls).toEqual(['one', 'other']);
  end();
  await settled();

  expect(calls).toEqual(['one', 'other', 'two', 'three']);
});

describe('versions that wait for others to go with them', () => {
  beforeEach(() => {
    const handleBatch: FunctionDefinition['handleBatch'] = (events) => {
      calls.push(events.map(({ id }) => id).join('+'));
      return events.map(() => handle());
    };
    bound = { ...bound, handleBatch };
  });

  test('leave together', async () => {
    deliver(1, event('one'));
    deliver(2, event('two', 'in/b'));
    await world.clock.advance(999);
    const before = [...calls];
    await world.clock.advance(1);

    expect([before, calls, said]).toEqual([[], ['one+two'], ['1 ack', '2 ack']]);
  });

  test('leave at once when one of them is written again: such a key is not held up', async () => {
    deliver(1, event('one'));
    deliver(2, event('two', 'in/b'));
    await settled();
    deliver(3, event('three'));
    await settled();

    expect(calls).toEqual(['one+two']);
  });

  test('leave at once when the worker stops', async () => {
    deliver(1, event('one'));
    await settled();
    await worker.stop();

    expect([calls, said]).toEqual([['one'], ['1 ack']]);
  });
});

test('when its outcome cannot be made to hold, the message comes again', async () => {
  handle = async () => done('done', draftOf('dev.causeway.version.sent.v1'));
  world.failPublishing(new Error('NATS is away'));
  deliver(1, event('one'));
  await settled();

  expect(said).toEqual(['1 nak 1000']);
});

describe('while a site is away', () => {
  beforeEach(async () => {
    handle = () => Promise.reject(new SiteUnavailableError('west', 'connection refused'));
    world.down('west', true);
    deliver(1, event('one'));
    deliver(2, event('two', 'in/b'));
    await settled();
    said.length = 0;
  });

  test('messages are held for as long as it takes, and spend no try', async () => {
    await world.clock.advance(60_000);
    expect(said.filter((line) => !line.endsWith('working'))).toEqual([]);
    expect(calls).toEqual(['one', 'two']);

    handle = async () => done('done');
    world.down('west', false);
    await world.clock.advance(1000);
    expect(said.filter((line) => !line.endsWith('working')).toSorted()).toEqual(['1 ack', '2 ack']);
  });

  test('a worker that stops hands them back at once', async () => {
    await worker.stop();

    expect(said.toSorted()).toEqual(['1 nak 0', '2 nak 0']);
  });
});

test('a worker that stops lets what runs end', async () => {
  const end = holding();
  deliver(1, event('one'));
  await settled();
  let isStopped = false;
  const stopped = worker.stop().then(() => {
    isStopped = true;
  });
  await settled();
  expect([isStopped, said]).toEqual([false, []]);
  end();
  await stopped;

  expect(said).toEqual(['1 ack']);
});

describe('a message that is no event', () => {
  test('is kept as a dead letter of the link', async () => {
    deliver(1, Buffer.from('not JSON'));
    await settled();

    expect(said).toEqual(['1 ack']);
    expect(world.letters).toMatchObject([{ link: world.link.id, body: 'not JSON' }]);
  });

  test('of a type that another version may know is let go', async () => {
    deliver(1, Buffer.from(JSON.stringify({ ...event('one'), type: 'dev.causeway.version.due.v9' })));
    await settled();

    expect([said, world.letters]).toEqual([['1 ack'], []]);
  });
});
