/** Events that go to a function together: which request carries them, and what its answer means for each. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BatchOutcome, batchContentType, outcomesEvent } from '../../../../events/batch-outcomes.ts';
import { replicate } from '../../../../functions/replicate.ts';
import { verify } from '../../../../functions/verify.ts';
import { mostInRequest } from '../../../../infra/host/http-event.ts';
import { type HttpAnswer, type HttpServer, serveHttp } from '../../../../infra/host/http-server.ts';
import { type RemoteFunctions, remoteFunctions } from '../../../../infra/host/remote-function.ts';
import { createHostWorld, type HostWorld } from '../../../contract/hosts/world.ts';
import { draftOf, eventOf } from '../../events/samples.ts';

type Request = { readonly type: string | undefined; readonly ids: string[]; readonly links: unknown[] };

let world: HostWorld;
let server: HttpServer;
let remote: RemoteFunctions;
let stopping: AbortController;
let asked: Request[];
let reach: (string | undefined)[];
/** Of one request after another; the last one stays. */
let answers: ((ids: readonly string[]) => HttpAnswer)[];

beforeEach(async () => {
  world = createHostWorld();
  [answers, asked, reach] = [[], [], []];
  stopping = new AbortController();
  const mostBytes = mostInRequest.bytes;
  server = await serveHttp({ host: '127.0.0.1', port: 0, mostBytes }, async ({ headers, body }) => {
    const events: { id: string; causewaylink: string }[] = JSON.parse(String((await body()) ?? '[]'));
    const ids = events.map(({ id }) => id);
    asked.push({ type: headers['content-type'], ids, links: events.map((event) => event.causewaylink) });
    const [answer = says()] = answers.length > 1 ? answers.splice(0, 1) : answers;
    return answer(ids);
  });
  remote = remoteFunctions([replicate, verify], {
    urlOf: (name) => `http://127.0.0.1:${server.port}/${name}`,
    deadlineMs: 5_000,
    clock: world.clock,
    random: () => 0,
    signal: stopping.signal,
    onReach: (_, reason) => void reach.push(reason),
  });
});
afterEach(async () => {
  stopping.abort(new Error('stopping'));
  await remote.close();
  await server.close(0);
});

const answering = (outcomes: readonly BatchOutcome[]): HttpAnswer => ({
  status: 200,
  body: JSON.stringify(outcomesEvent(outcomes, 'replicate', 0)),
});
/** Done, but for these. */
const says =
  (others: readonly BatchOutcome[] = []) =>
  (ids: readonly string[]): HttpAnswer =>
    answering(ids.map((id) => others.find((other) => other.id === id) ?? { id, outcome: 'done' }));

const named = (ids: readonly string[], key = 'in/a cat.jpg') =>
  ids.map((id) => eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', key), id));
const send = (...events: ReturnType<typeof named>) =>
  Promise.allSettled(remote.functions[0]?.handleBatch?.(events, world.contextOf(world.link)) ?? []);
const done = { status: 'fulfilled', value: { kind: 'done', emitted: [] } };
const failed = (reason: object) => ({ status: 'rejected', reason });

test('they go in one request, for the one link', async () => {
  expect(await send(...named(['one', 'two']))).toMatchObject([done, done]);
  const links = [world.link.id, world.link.id];
  expect(asked).toEqual([{ type: batchContentType, ids: ['one', 'two'], links }]);
});

test('a function that takes single events is given single events', () => {
  expect(remote.functions.map(({ handleBatch }) => handleBatch !== undefined)).toEqual([true, false]);
});

test('no request holds more events than one may', async () => {
  const ids = Array.from({ length: mostInRequest.events + 1 }, (_, index) => `${index}`);

  expect(new Set((await send(...named(ids))).map(({ status }) => status))).toEqual(new Set(['fulfilled']));
  expect(asked.map((request) => request.ids.length).toSorted()).toEqual([1, mostInRequest.events]);
});

test('no request holds more bytes than one may', async () => {
  // Two bytes each in UTF-8.
  const key = 'ü'.repeat(1024);
  const ids = Array.from({ length: 450 }, (_, index) => `${index}`);

  expect(new Set((await send(...named(ids, key))).map(({ status }) => status))).toEqual(
    new Set(['fulfilled']),
  );
  expect(asked.length).toBeGreaterThan(1);
  expect(asked.flatMap((request) => request.ids).toSorted()).toEqual(ids.toSorted());
});

describe('what the answer says of each', () => {
  test('holds for that one alone', async () => {
    answers = [
      says([
        { id: 'busy', outcome: 'retry', afterMs: 700, reason: 'no space left' },
        { id: 'away', outcome: 'unavailable', site: 'west', afterMs: 1000, reason: 'refused' },
      ]),
    ];

    expect(await send(...named(['well', 'busy', 'away']))).toMatchObject([
      done,
      failed({ name: 'RetryableError', message: 'no space left', afterMs: 700 }),
      failed({ name: 'SiteUnavailableError', site: 'west' }),
    ]);
    expect(asked).toHaveLength(1);
  });

  test('what it leaves out has failed, and what nobody asked about is nobody\u2019s', async () => {
    answers = [
      () =>
        answering([
          { id: 'one', outcome: 'done' },
          { id: 'three', outcome: 'done' },
        ]),
    ];

    expect(await send(...named(['one', 'two']))).toMatchObject([
      done,
      failed({ name: 'RetryableError', message: 'replicate did not say what became of it' }),
    ]);
  });

  test('of two that say something else of one, the worse holds', async () => {
    const busy = { id: 'one', outcome: 'retry', afterMs: 1, reason: 'busy' } as const;
    for (const both of [
      [busy, { id: 'one', outcome: 'done' }],
      [{ id: 'one', outcome: 'done' }, busy],
    ] as const) {
      answers = [() => answering(both)];
      expect(await send(...named(['one']))).toMatchObject([failed({ message: 'busy' })]);
    }
  });

  test('what could not be made to hold goes once more, and no other', async () => {
    answers = [says([{ id: 'two', outcome: 'again', afterMs: 1000, reason: 'NATS is away' }]), says()];
    const sent = send(...named(['one', 'two', 'three']));
    await expect.poll(() => world.clock.sleeping).toBe(1);
    await world.clock.advance(500);

    expect(await sent).toMatchObject([done, done, done]);
    expect(asked.map(({ ids }) => ids)).toEqual([['one', 'two', 'three'], ['two']]);
    expect(reach).toEqual(['NATS is away', undefined]);
  });
});

describe('an answer for all of them', () => {
  const all = () => send(...named(['one', 'two']));

  test.each<[string, HttpAnswer]>([
    ['that says nothing', { status: 202 }],
    ['that is no event', { status: 200, body: '{"outcomes":[]}' }],
    ['that is cut off', { status: 200, body: '{"specversion":"1.0","type":"dev.cause' }],
    ['of a fault', { status: 500, body: 'failed' }],
    ['that they are too much together', { status: 413 }],
    ['of something on the way, that the function went', { status: 502 }],
    ['of a try that failed', { status: 503, headers: { 'causeway-failed': 'event' }, body: 'busy' }],
  ])('%s: each comes again, alone', async (_, answer) => {
    answers = [() => answer];

    const retryable = failed({ name: 'RetryableError' });
    expect(await all()).toMatchObject([retryable, retryable]);
    expect(asked).toHaveLength(1);
  });

  test.each([404, 429, 503])('by a %d, that it is not there: it is waited for', async (status) => {
    answers = [() => ({ status }), says()];
    const sent = all();
    await expect.poll(() => world.clock.sleeping).toBe(1);
    await world.clock.advance(500);

    expect(await sent).toMatchObject([done, done]);
    expect(reach).toEqual([expect.stringContaining(`replicate answers ${status}`), undefined]);
  });

  test('that never comes, until the worker stops', async () => {
    answers = [() => ({ status: 503 })];
    const sent = all();
    await expect.poll(() => world.clock.sleeping).toBe(1);
    stopping.abort(new Error('stopping'));

    const stopped = failed({ message: 'stopping' });
    expect(await sent).toMatchObject([stopped, stopped]);
  });
});
