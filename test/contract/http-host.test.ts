/** What the HTTP host answers to whom. What becomes of events in both hosts is in hosts.test.ts, of retries beside it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchContentType } from '../../events/batch-outcomes.ts';
import { contentType } from '../../events/cloudevent.ts';
import { put } from './hosts/case.ts';
import { type Served, serveReplicate, written } from './hosts/http-fixture.ts';
import { settled } from './hosts/manual-clock.ts';

let served: Served;
let away: string | undefined;

beforeEach(async () => {
  away = undefined;
  served = await serveReplicate(() => ({ notReady: () => away }));
});
afterEach(() => served.host.stop());

describe('health', () => {
  test('it is alive, and ready when events can be handled', async () => {
    const [alive, ready] = await Promise.all([
      fetch(served.url('/health/liveness')),
      fetch(served.url('/health/readiness')),
    ]);

    expect([alive.status, ready.status]).toEqual([200, 200]);
  });

  test('while NATS is away it is alive and not ready, and takes no event', async () => {
    away = 'NATS is away';
    const event = written(served);
    const [alive, ready, answer] = await Promise.all([
      fetch(served.url('/health/liveness')),
      fetch(served.url('/health/readiness')),
      served.structured(event),
    ]);

    expect([alive.status, ready.status, answer.status]).toEqual([200, 503, 503]);
    expect(await ready.text()).toBe('NATS is away\n');
    expect(await served.heldAt('west')).toBe(0);
  });
});

describe('a request that is no event', () => {
  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed', async (method) => {
    const answer = await fetch(served.url(), { method });

    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('that is larger than any event gets 413', async () => {
    const answer = await served.post('x'.repeat(1024 * 1024 + 1));

    expect(answer.status).toBe(413);
    expect(served.world.letters).toEqual([]);
  });
});

describe('what cannot be read is taken, and kept as a dead letter with the reason', () => {
  const json = { 'content-type': contentType };
  test.each<[string, string, Record<string, string>, string]>([
    ['not JSON', '{"specversion":', json, 'not JSON'],
    ['an empty body', '', json, 'not JSON'],
    ['no CloudEvent', '{"hello":"world"}', { 'content-type': 'application/json' }, 'content type'],
    ['JSON that is no event', '{"hello":"world"}', json, 'specversion'],
    ['a batch that is none', '{}', { 'content-type': batchContentType }, 'a batch is an array of events'],
    [
      'an event in another format',
      '<event/>',
      { 'content-type': 'application/cloudevents+xml' },
      'content type',
    ],
    [
      'broken data in binary mode',
      '{',
      { 'content-type': 'application/json', 'ce-id': '1' },
      'not a CloudEvent',
    ],
  ])('%s', async (_, body, headers, words) => {
    const answer = await served.post(body, headers);

    expect([answer.status, await answer.text()]).toEqual([202, '']);
    expect(served.world.letters).toEqual([
      expect.objectContaining({ reason: expect.stringContaining(words), body }),
    ]);
  });

  test('data that does not fit its type, by the field', async () => {
    const { data, ...event } = written(served);
    await served.structured({ ...event, data: { ...data, size: -1 } });

    expect(served.world.letters).toMatchObject([{ reason: expect.stringContaining('at size') }]);
  });

  test('a binary event, with the attributes that came as headers', async () => {
    const event = written(served);
    await served.binary({ ...event, data: Object({ ...event.data, size: -1 }) });

    expect(JSON.parse(served.world.letters[0]?.body ?? '')).toMatchObject({ id: event.id, type: event.type });
  });

  test('extension attributes that nobody of ours sent', async () => {
    await served.structured(written(served), { causewayattempts: 'many' });

    expect(served.world.letters).toMatchObject([{ reason: expect.stringContaining('causewayattempts') }]);
  });

  test('when it cannot be kept, it is to be sent again', async () => {
    await served.host.stop();
    const deadLetters = { add: () => Promise.reject(new Error('NATS is away')) };
    served = await serveReplicate(({ settlement }) => ({
      settlement: { ...settlement, deadLetters, retries: 'sender' },
    }));

    expect((await served.post('nonsense')).status).toBe(503);
  });
});

describe('an event', () => {
  test('of a type that is nobody’s is let go', async () => {
    const answer = await served.structured({ ...written(served), type: 'com.example.something' });

    expect([answer.status, served.world.letters]).toEqual([202, []]);
  });

  test('for another function is let go', async () => {
    served.world.clients.east.deleteVersion(put(served.world, 'east', 'in/cat.jpg'));
    const answer = await served.structured(served.world.notified());

    expect([answer.status, served.world.emitted, served.world.letters]).toEqual([202, [], []]);
  });

  test('in binary mode is the same event, though headers cannot carry its key', async () => {
    const key = 'in/ünï & 日本.jpg';
    const event = written(served, key);
    const garbled = { subject: Buffer.from(key).toString('latin1'), partitionkey: encodeURIComponent(key) };
    const answer = await served.binary({ ...event, ...garbled });

    expect(answer.status).toBe(202);
    expect(served.world.emitted).toMatchObject([{ subject: key, causationid: event.id, data: { key } }]);
  });

  test('in binary mode may have its attributes percent-encoded, as the binding has it', async () => {
    const event = written(served);
    const encoded = { type: event.type.replace(':', '%3A'), source: event.source.replaceAll('.', '%2e') };
    await served.binary(Object({ ...event, ...encoded }));

    expect(served.world.emitted).toMatchObject([{ causationid: event.id }]);
  });

  test('whose data was taken for bytes on the way is read', async () => {
    const { data, ...event } = written(served);
    await served.structured({ ...event, data_base64: Buffer.from(JSON.stringify(data)).toString('base64') });

    expect(await served.heldAt('west')).toBe(1);
  });

  test('that is done twice at once is done', async () => {
    const event = written(served);
    const answers = await Promise.all([served.structured(event), served.structured(event)]);

    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(await served.heldAt('west')).toBe(1);
  });
});

test('when it is stopped it answers what is under way, and takes no more', async () => {
  const reading = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  await served.host.stop();
  served = await serveReplicate((world) => ({
    contextOf(link) {
      const context = world.contextOf(link);
      const read: typeof context.source.read = async (ref) => {
        asked.resolve();
        await reading.promise;
        return context.source.read(ref);
      };
      return { ...context, source: { ...context.source, read } };
    },
  }));
  const answered = served.structured(written(served));
  await asked.promise;
  const stopped = served.host.stop();
  await settled();
  reading.resolve();

  expect((await answered).status).toBe(202);
  await stopped;
  expect(await served.heldAt('west')).toBe(1);
  await expect(served.structured(written(served))).rejects.toThrow();
});
