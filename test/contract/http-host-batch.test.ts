/** Batches of events: from a dispatcher's worker through the HTTP host and back, and what the host answers by itself. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchContentType, outcomesType } from '../../events/batch-outcomes.ts';
import type { CausewayEvent } from '../../events/cloudevent.ts';
import { RetryableError } from '../../functions/errors.ts';
import { replicate } from '../../functions/replicate.ts';
import { verify } from '../../functions/verify.ts';
import { mostInRequest } from '../../infra/host/http-event.ts';
import { remoteFunctions } from '../../infra/host/remote-function.ts';
import { startTestHost } from './hosts/drivers.ts';
import { type Served, serveReplicate, written } from './hosts/http-fixture.ts';

let served: Served;
beforeEach(async () => {
  served = await serveReplicate();
});
afterEach(() => served.host.stop());

const keys = Array.from({ length: 6 }, (_, index) => `in/ünï ${index}.jpg`);
const many = (): CausewayEvent[] => keys.map((key) => written(served, key));

async function post(events: readonly unknown[], at = served.url()) {
  const answer = await fetch(at, {
    method: 'POST',
    body: JSON.stringify(events),
    headers: { 'content-type': batchContentType },
  });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}
async function outcomesOf(events: readonly unknown[], at?: string): Promise<unknown> {
  const { status, type, text } = await post(events, at);
  const { data, ...answer } = JSON.parse(text);
  expect([status, type]).toEqual([200, 'application/cloudevents+json']);
  expect(answer).toMatchObject({ specversion: '1.0', type: outcomesType, id: expect.any(String) });
  return data.outcomes;
}
const doneWith = (events: readonly CausewayEvent[]) => events.map(({ id }) => ({ id, outcome: 'done' }));

test('of each it says what became of it, when all that they emitted is on the stream', async () => {
  const events = many();

  expect(await outcomesOf(events)).toEqual(doneWith(events));
  expect(await served.heldAt('west')).toBe(keys.length);
});

test('those for one link go to the function together: in one stack', async () => {
  let stacks = 0;
  const { target } = served.world.contextOf(served.world.link);
  const { stacking } = target;
  if (!stacking) throw new Error('the target takes no stacks');
  const counting = {
    ...stacking,
    write: (...given: Parameters<typeof stacking.write>) => {
      stacks += 1;
      return stacking.write(...given);
    },
  };
  await served.host.stop();
  served = await serveReplicate((world) => ({
    contextOf: (link) => ({ ...world.contextOf(link), target: { ...world.stores.west, stacking: counting } }),
  }));
  const events = many();

  expect(await outcomesOf(events)).toEqual(doneWith(events));
  expect(stacks).toBe(1);
});

test('each goes to the links that it is for', async () => {
  await served.host.stop();
  served = await serveReplicate(undefined, ['west', 'south']);
  const events = many();
  const links = ['photos_east_west', 'photos_east_south', undefined, 'photos_east_north'];
  const sent = events.slice(0, 4).map((event, index) => ({ ...event, causewaylink: links[index] }));

  expect(await outcomesOf(sent)).toEqual(doneWith(events.slice(0, 4)));
  expect([await served.heldAt('west'), await served.heldAt('south')]).toEqual([2, 2]);
});

test('one that fails is told apart from those that are done', async () => {
  const events = many();
  served.world.failNext('west', 'stack', new RetryableError('busy', { afterMs: 700 }));
  const [lone] = events;
  served.world.failNext('west', 'put', new RetryableError('busy too', { afterMs: 800 }));

  expect(await outcomesOf([{ ...lone, causewayattempts: 1 }, ...events.slice(1)])).toEqual([
    { id: lone?.id, outcome: 'retry', afterMs: 1000, reason: 'busy too' },
    ...events.slice(1).map(({ id }) => ({ id, outcome: 'retry', afterMs: 700, reason: 'busy' })),
  ]);
});

test('a site that is away is named', async () => {
  const [first, second] = many();
  served.world.down('west', true);

  expect(await outcomesOf([first, second])).toMatchObject([
    { id: first?.id, outcome: 'unavailable', site: 'west' },
    { id: second?.id, outcome: 'unavailable', site: 'west' },
  ]);
});

test('what could not be published is to come again', async () => {
  const [first, second] = many();
  served.world.failPublishing(new Error('NATS is away'));

  expect(await outcomesOf([first, second])).toMatchObject([
    { id: first?.id, outcome: 'again', reason: 'NATS is away' },
    { id: second?.id, outcome: 'again', reason: 'NATS is away' },
  ]);
});

test('a function that takes single events is given one after another', async () => {
  const [first, second] = many();
  await outcomesOf([first, second]);
  const sent = served.world.emitted.splice(0);
  const host = await startTestHost(served.world, verify);

  expect(sent.map(({ type }) => type)).toEqual(Array(2).fill('dev.causeway.version.sent.v1'));
  expect(await outcomesOf(sent, `http://127.0.0.1:${host.port}/`)).toEqual(doneWith(sent));
  expect(served.world.emitted).toEqual([]);
  await host.stop();
});

test('what is no event of ours does not spoil the others', async () => {
  const [event] = many();
  const foreign = { ...event, id: 'foreign', type: 'com.example.something' };
  const broken = { ...event, id: 'broken', data: 'nothing' };

  expect(await outcomesOf([foreign, 17, event, broken])).toEqual([
    { id: 'foreign', outcome: 'done' },
    { id: event?.id, outcome: 'done' },
    { id: 'broken', outcome: 'done' },
  ]);
  expect(served.world.letters.map(({ body }) => JSON.parse(body))).toEqual([17, broken]);
  expect(await served.heldAt('west')).toBe(1);
});

describe('bounds', () => {
  test('more events than a request may bring are refused, and nothing is done', async () => {
    const [event] = many();
    const answer = await post(Array.from({ length: mostInRequest.events + 1 }, () => event));

    expect(answer.status).toBe(413);
    expect(await served.heldAt('west')).toBe(0);
  });

  test('an empty batch has no outcomes', async () => {
    expect(await outcomesOf([])).toEqual([]);
  });
});

test('through the dispatcher’s side, each event has its own end', async () => {
  const { world, host } = served;
  const stopping = new AbortController();
  const remote = remoteFunctions([replicate], {
    urlOf: () => `http://127.0.0.1:${host.port}/`,
    deadlineMs: 5_000,
    clock: world.clock,
    random: () => 0,
    signal: stopping.signal,
    onReach: () => undefined,
  });
  const events = many();
  const sent = remote.functions[0]?.handleBatch?.(events, world.contextOf(world.link)) ?? [];

  expect((await Promise.all(sent)).map(({ kind }) => kind)).toEqual(events.map(() => 'done'));
  expect(await served.heldAt('west')).toBe(keys.length);
  await remote.close();
});
