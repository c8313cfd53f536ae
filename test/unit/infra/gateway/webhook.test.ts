/** The webhook for MinIO's notifications: who may send what, and when it is answered. */
import { request } from 'node:http';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CausewayEvent } from '../../../../events/cloudevent.ts';
import { Secret } from '../../../../infra/config/secret.ts';
import { startGateway } from '../../../../infra/gateway/gateway.ts';
import { createEntrance } from '../../../../infra/host/entrance.ts';
import type { HttpServer } from '../../../../infra/host/http-server.ts';

const token = 'a-token-of-enough-characters';
const authorization = `Bearer ${token}`;
const record = {
  eventName: 's3:ObjectCreated:Put',
  eventTime: '2026-01-02T03:04:05.125Z',
  s3: {
    bucket: { name: 'photos' },
    object: { key: 'a+b.jpg', versionId: 'v', sequencer: '18EA06157CD3C143' },
  },
};
const notification = JSON.stringify({
  EventName: record.eventName,
  Key: 'photos/a b.jpg',
  Records: [record],
});

let gateway: HttpServer;
let published: CausewayEvent[];
let kept: string[];
/** What publishing waits for, or fails with. */
let stream: () => Promise<void>;
let told: string[];

async function start(secret: Secret | undefined, takes = true): Promise<void> {
  gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    refresh: async () => undefined,
    notReady: () => undefined,
    webhook: {
      token: secret,
      sites: new Set(['paris']),
      intake: !takes
        ? undefined
        : {
            entrance: createEntrance({
              async publish(publications) {
                await stream();
                published.push(...publications.map(({ event }) => event));
              },
            }),
            deadLetters: {
              async add({ reason }) {
                await stream();
                kept.push(reason);
              },
            },
            observer: {
              eventIn: (site, type) => told.push(`${site} ${type}`),
              ignored: (site, what) => told.push(`${site} ignored ${what}`),
              refused: (site, reason) => told.push(`${site} refused ${reason}`),
            },
          },
    },
  });
}

beforeEach(async () => {
  published = [];
  kept = [];
  told = [];
  stream = async () => undefined;
  await start(new Secret(token));
});
afterEach(() => gateway.close(1000));

const send = (init: RequestInit = {}, path = '/webhook/paris'): Promise<Response> =>
  fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    method: 'POST',
    body: notification,
    headers: { authorization },
    ...init,
  });

describe('whoever has no right to notify', () => {
  test.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer another-token-of-enough-characters' }],
    ['the token without its scheme', { authorization: token }],
    ['an empty token', { authorization: 'Bearer ' }],
  ])('gets 401 with %s, and nothing is published', async (_, headers) => {
    const answer = await send({ headers });

    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain(token);
    expect(published).toEqual([]);
  });

  test('gets 401 for a site that does not exist too: nothing is told of sites', async () => {
    expect((await send({ headers: {} }, '/webhook/nowhere')).status).toBe(401);
  });

  test('gets 401 in answer to a large body, not a broken connection', async () => {
    const answer = await send({ headers: {}, body: 'x'.repeat(4 * 1024 * 1024) });

    expect(answer.status).toBe(401);
  });

  test('where another process takes notifications, whoever has the right is told to come again', async () => {
    await gateway.close(1000);
    await start(new Secret(token), false);

    expect((await send({ headers: {} })).status).toBe(401);
    const answer = await send();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(published).toEqual([]);
  });

  test('where no token is set, nobody has: 403, and what to set', async () => {
    await gateway.close(1000);
    await start(undefined);

    const answer = await send();
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('CAUSEWAY_WEBHOOK_TOKEN');
  });
});

describe('a notification', () => {
  test('is answered 200 when the stream has its event, and not before', async () => {
    const stored = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    stream = () => {
      asked.resolve();
      return stored.promise;
    };
    let status: number | undefined;
    const answered = send().then((answer) => {
      status = answer.status;
    });
    await asked.promise;
    expect(status).toBeUndefined();
    stored.resolve();
    await answered;

    expect(status).toBe(200);
    expect(published).toMatchObject([
      { type: 'com.amazonaws.s3.ObjectCreated:Put', data: { site: 'paris', key: 'a b.jpg' } },
    ]);
  });

  test('that the stream does not take is to come again: 503, counted when it is taken', async () => {
    stream = () => Promise.reject(new Error('NATS is away'));
    const refused = await send();
    stream = async () => undefined;
    const taken = await send();

    expect([refused.status, refused.headers.get('retry-after'), taken.status]).toEqual([503, '1', 200]);
    expect(told).toEqual(['paris com.amazonaws.s3.ObjectCreated:Put']);
  });

  test('that nothing has to be done about is taken', async () => {
    const ignored = { ...record, eventName: 's3:ObjectAccessed:Get' };
    const answer = await send({ body: JSON.stringify({ Records: [ignored] }) });

    expect([answer.status, published, told]).toEqual([200, [], ['paris ignored ObjectAccessed:Get']]);
  });

  test.each<[string, string, string]>([
    ['not JSON', '{"Records":', 'not JSON'],
    ['no notification', '{"hello":"world"}', 'Records'],
    ['without a bucket', JSON.stringify({ Records: [{ ...record, s3: {} }] }), 's3.bucket'],
  ])('that is %s becomes a dead letter, so that the next is not kept waiting', async (_, body, words) => {
    const answer = await send({ body });

    expect(answer.status).toBe(202);
    expect(await answer.text()).toContain(words);
    expect(kept).toEqual([expect.stringContaining(words)]);
    expect(told).toEqual([expect.stringContaining(`paris refused`)]);
  });

  test('that is none is to come again where it cannot be kept', async () => {
    stream = () => Promise.reject(new Error('NATS is away'));

    expect((await send({ body: '{}' })).status).toBe(503);
    expect(told).toEqual([]);
  });

  test.each([1024 * 1024 + 1, 8 * 1024 * 1024])('of %d bytes gets 413', async (size) => {
    const answer = await send({ body: 'x'.repeat(size) });

    expect(answer.status).toBe(413);
    expect(published).toEqual([]);
  });

  test('for a site that is not there gets 404', async () => {
    expect((await send({}, '/webhook/nowhere')).status).toBe(404);
    expect((await send({}, '/webhook/')).status).toBe(404);
  });

  test('with an empty body is nothing, as a look is', async () => {
    expect((await send({ body: '' })).status).toBe(200);
    expect((await send({ method: 'GET', body: null })).status).toBe(200);
    expect((await send({ method: 'HEAD', body: null })).status).toBe(200);
    expect((await send({ method: 'DELETE', body: null })).status).toBe(405);
  });
});

test('a request that names no path gets 400', async () => {
  const status = Promise.withResolvers<number | undefined>();
  request({ port: gateway.port, path: '//' }, (answer) => {
    answer.resume();
    status.resolve(answer.statusCode);
  })
    .once('error', status.reject)
    .end();

  expect(await status.promise).toBe(400);
});

test('while the gateway closes, what is under way is answered', async () => {
  const stored = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  stream = () => {
    asked.resolve();
    return stored.promise;
  };
  const answered = send();
  await asked.promise;
  const began = Date.now();
  const closed = gateway.close(10_000);
  stored.resolve();

  expect((await answered).status).toBe(200);
  await closed;
  expect(Date.now() - began).toBeLessThan(2_000);
  await expect(send()).rejects.toThrow();
});
