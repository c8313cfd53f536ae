/** What the answer of a function that runs elsewhere means for its event. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replicate } from '../../../../functions/replicate.ts';
import { type HttpAnswer, type HttpServer, serveHttp } from '../../../../infra/host/http-server.ts';
import { route } from '../../../../infra/host/invoke.ts';
import { type RemoteFunctions, remoteFunctions } from '../../../../infra/host/remote-function.ts';
import { createHostWorld, type HostWorld } from '../../../contract/hosts/world.ts';
import { draftOf, eventOf } from '../../events/samples.ts';

let world: HostWorld;
let server: HttpServer;
let remote: RemoteFunctions;
let stopping: AbortController;
let answers: HttpAnswer[];
let asked: { readonly type: string | undefined; readonly body: Record<string, unknown> }[];
let reach: (string | undefined)[];

beforeEach(async () => {
  world = createHostWorld();
  [answers, asked, reach] = [[], [], []];
  stopping = new AbortController();
  server = await serveHttp({ host: '127.0.0.1', port: 0, mostBytes: 1e6 }, async ({ headers, body }) => {
    asked.push({ type: headers['content-type'], body: JSON.parse(String(await body())) });
    return answers.shift() ?? new Promise(() => undefined);
  });
  remote = start();
});
afterEach(async () => {
  stopping.abort(new Error('stopping'));
  await remote.close();
  await server.close(0);
});

const start = (deadlineMs = 5_000, port = server.port): RemoteFunctions =>
  remoteFunctions([replicate], {
    urlOf: (name) => `http://127.0.0.1:${port}/${name}`,
    deadlineMs,
    clock: world.clock,
    random: () => 0,
    signal: stopping.signal,
    onReach: (_, reason) => void reach.push(reason),
  });

const event = eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', 'in/a cat.jpg'), 'one');
const call = () =>
  remote.functions[0]?.handle(event, { ...world.contextOf(world.link), emit: () => Promise.resolve() });

test('the event goes whole, in structured mode, for the one link', async () => {
  answers = [{ status: 202 }];

  expect(await call()).toMatchObject({ kind: 'done', emitted: [] });
  expect(asked).toEqual([
    { type: 'application/cloudevents+json', body: { ...event, causewaylink: world.link.id } },
  ]);
});

test('its types and bounds are the function’s own', () => {
  expect(route(remote.functions)(event.type)).toMatchObject({ name: 'replicate', on: replicate.on });
});

describe('a try that failed', () => {
  test.each<[string, HttpAnswer, object]>([
    [
      'of the event',
      { status: 503, headers: { 'retry-after': '7', 'causeway-failed': 'event' }, body: 'busy' },
      { name: 'RetryableError', message: 'busy', afterMs: 7000 },
    ],
    [
      'since a whole site is away',
      { status: 503, headers: { 'causeway-failed': 'site:west' }, body: 'refused' },
      { name: 'SiteUnavailableError', site: 'west' },
    ],
    ['by a fault of the function', { status: 500, body: 'failed' }, { name: 'RetryableError' }],
    ['since it ran longer than a request may', { status: 504 }, { name: 'RetryableError' }],
    ['since the function went away meanwhile', { status: 502 }, { name: 'RetryableError' }],
    ['since it is larger than a request may be', { status: 413 }, { name: 'TerminalError' }],
  ])('%s', async (_, answer, failure) => {
    answers = [answer];

    await expect(call()).rejects.toMatchObject(failure);
  });

  test('since the connection was lost meanwhile', async () => {
    const called = call();
    await expect.poll(() => asked.length).toBe(1);
    await Promise.all([expect(called).rejects.toMatchObject({ name: 'RetryableError' }), server.close(0)]);
  });

  test('since nobody answered within the deadline', async () => {
    await remote.close();
    remote = start(50);

    await expect(call()).rejects.toMatchObject({
      name: 'RetryableError',
      message: expect.stringContaining('no answer within 50 ms'),
    });
  });
});

describe('a function that cannot be reached', () => {
  test.each([404, 429, 503])('by a %d is waited for', async (status) => {
    answers = [{ status }, { status }, { status: 202 }];
    const called = call();
    await expect.poll(() => world.clock.sleeping).toBe(1);
    await world.clock.advance(500);
    await expect.poll(() => world.clock.sleeping).toBe(1);
    await world.clock.advance(1000);

    expect(await called).toMatchObject({ kind: 'done' });
    expect(reach).toEqual([expect.stringContaining(`replicate answers ${status}`), undefined]);
  });

  test('since nothing listens there is waited for until the worker stops', async () => {
    await server.close(0);
    const called = call();
    await expect.poll(() => world.clock.sleeping).toBe(1);
    expect(reach).toEqual([expect.stringContaining('ECONNREFUSED')]);
    stopping.abort(new Error('stopping'));

    await expect(called).rejects.toThrow('stopping');
  });
});
