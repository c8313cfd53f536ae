/** Events on their way to a Broker: structured CloudEvents over HTTP, taken or not. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentType, readEvent } from '../../../../events/cloudevent.ts';
import { RetryableError } from '../../../../functions/errors.ts';
import { createSink, type Sink } from '../../../../infra/bus/sink.ts';
import { type HttpAnswer, type HttpServer, serveHttp } from '../../../../infra/host/http-server.ts';
import { freePort } from '../../../../infra/sites/ports.ts';
import { draftOf, eventOf, everyEvent, oddKeys } from '../../events/samples.ts';

interface Taken {
  readonly path: string;
  readonly type: string | undefined;
  readonly body: Record<string, unknown>;
}

let broker: HttpServer;
let sink: Sink;
let taken: Taken[];
let answer: () => Promise<HttpAnswer>;
let underWay: number;
let mostUnderWay: number;

beforeEach(async () => {
  taken = [];
  underWay = 0;
  mostUnderWay = 0;
  answer = async () => ({ status: 202 });
  broker = await serveHttp({ host: '127.0.0.1', port: 0, mostBytes: 1024 * 1024 }, async (request) => {
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    const body = await request.body();
    const given = await answer();
    taken.push({
      path: request.path,
      type: request.headers['content-type'],
      body: JSON.parse(body?.toString('utf8') ?? ''),
    });
    underWay -= 1;
    return given;
  });
  sink = createSink({ url: `http://127.0.0.1:${broker.port}/default/causeway`, deadlineMs: 10_000 });
});
afterEach(async () => {
  await sink.close();
  await broker.close(100);
});

const put = eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put'));
const failure = async (publishing: Promise<void>): Promise<RetryableError> => {
  const error: unknown = await publishing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RetryableError) return error;
  throw new Error(`another end: ${error}`);
};

describe('what the sink takes', () => {
  test('is every event, whole, at the Broker’s own path', async () => {
    await sink.publish(everyEvent.map((event) => ({ event })));

    const byId = (one: { type: string }, other: { type: string }) => (one.type < other.type ? -1 : 1);
    expect(taken.map(({ body }) => readEvent(body)).toSorted(byId)).toEqual(everyEvent.toSorted(byId));
    expect(new Set(taken.map(({ path, type }) => `${path} ${type}`))).toEqual(
      new Set([`/default/causeway ${contentType}`]),
    );
  });

  test('has the key that the event had, whatever the key', async () => {
    for (const key of oddKeys) {
      const event = eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', key));
      await sink.publish([{ event }]);
      expect(readEvent(taken.at(-1)?.body)).toEqual(event);
    }
  });

  test('of a retry, names the link it is for, and the tries so far', async () => {
    await sink.publish([{ event: put, link: 'photos_paris_tokyo', attempts: 2 }]);

    expect(taken[0]?.body).toMatchObject({ causewaylink: 'photos_paris_tokyo', causewayattempts: 2 });
  });

  test('comes a bounded number at a time, and is all there in the end', async () => {
    answer = () => new Promise((resolve) => setImmediate(() => resolve({ status: 204 })));
    await sink.publish(Array.from({ length: 100 }, () => ({ event: put })));

    expect(taken).toHaveLength(100);
    expect(mostUnderWay).toBeGreaterThan(1);
    expect(mostUnderWay).toBeLessThanOrEqual(32);
  });

  test('may be nothing', async () => {
    await sink.publish([]);

    expect(taken).toEqual([]);
  });
});

describe('what the sink does not take is to be tried again', () => {
  test.each([400, 404, 429, 500, 503])('when it answers %d', async (status) => {
    answer = async () => ({ status });

    expect((await failure(sink.publish([{ event: put }]))).message).toBe(`the sink answers ${status}`);
  });

  test('after the wait that it asks for', async () => {
    answer = async () => ({ status: 503, headers: { 'retry-after': '7' } });
    expect((await failure(sink.publish([{ event: put }]))).afterMs).toBe(7_000);

    answer = async () => ({ status: 503, headers: { 'retry-after': 'Fri, 31 Dec 2027 23:59:59 GMT' } });
    expect((await failure(sink.publish([{ event: put }]))).afterMs).toBeUndefined();
  });

  test('when one of several is not taken', async () => {
    answer = async () => ({ status: taken.length === 1 ? 500 : 202 });

    await failure(sink.publish([{ event: put }, { event: put }, { event: put }]));
  });

  test('when it says nothing until the deadline', async () => {
    const answered = Promise.withResolvers<HttpAnswer>();
    answer = () => answered.promise;
    const impatient = createSink({ url: `http://127.0.0.1:${broker.port}`, deadlineMs: 100 });
    const error = await failure(impatient.publish([{ event: put }]));
    answered.resolve({ status: 202 });
    await impatient.close();

    expect(error.message).toContain('no answer within 100 ms');
  });

  test('when nobody is there', async () => {
    const nobody = createSink({ url: `http://127.0.0.1:${await freePort()}`, deadlineMs: 10_000 });
    const error = await failure(nobody.publish([{ event: put }]));
    await nobody.close();

    expect(error.message).toContain('the sink does not take events');
  });
});
