/** What the NATS user of a site's MinIO server may do: announce that site's changes, and nothing else. */
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawSubject } from '../../events/subjects.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { ensureStreams, streamNames } from '../../infra/bus/streams.ts';
import { links } from '../e2e/rules.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus/bus-world.ts';

const sites = ['paris', 'tokyo'];
let world: BusWorld;
let bus: Bus;
let paris: NatsConnection;

beforeAll(async () => {
  world = await startBusWorld({ sites });
  bus = await world.connect();
  await ensureStreams(bus, { links: links({ sites, bucket: 'photos' }), sites });
  const { url, siteUsers } = world.server;
  const { user = '', password = '' } = siteUsers.get('paris') ?? {};
  paris = await connect({ servers: url, user, pass: password, reconnect: false });
}, setupMs);
afterAll(async () => {
  await paris?.close();
  await world?.stop();
});

const stored = async (): Promise<number> => (await bus.manager.streams.info(streamNames.raw)).state.messages;

test('its announcements are stored, and it is told so', async () => {
  const before = await stored();

  const acknowledged = await paris.request(rawSubject('paris'), '{}');

  expect(acknowledged.json()).toMatchObject({ stream: streamNames.raw });
  expect(await stored()).toBe(before + 1);
});

test.each([
  ['in another site’s name', rawSubject('tokyo')],
  ['as an event', 'causeway.object.paris.photos.x'],
  ['as a request to JetStream', `$JS.API.STREAM.DELETE.${streamNames.events}`],
  ['as an answer to Causeway', '_CAUSEWAY.x'],
])('it can say nothing %s', async (_, subject) => {
  const before = (await bus.manager.streams.info(streamNames.events)).state.last_seq;

  await expect(paris.request(subject, '{}', { timeout: 2000 })).rejects.toThrow(/permissions violation/i);

  expect((await bus.manager.streams.info(streamNames.events)).state.last_seq).toBe(before);
});

test.each(['causeway.>', '$JS.>', '_CAUSEWAY.>', '>'])('it hears nothing of %s', async (subject) => {
  const refused = Promise.withResolvers<Error | null>();
  paris.subscribe(subject, { callback: (error: Error | null, _message: Msg) => refused.resolve(error) });

  expect(await refused.promise).toMatchObject({ message: expect.stringMatching(/permissions violation/i) });
});

test('what Causeway is answered passes no inbox that it may hear', async () => {
  const heard: string[] = [];
  paris.subscribe('_INBOX.>', {
    callback(_error, { subject }) {
      heard.push(subject);
    },
  });
  await paris.flush();

  await bus.manager.streams.info(streamNames.events);
  await bus.jetstream.publish(rawSubject('paris'), '{}');

  await paris.request(rawSubject('paris'), '{}');
  await expect.poll(() => heard.length).toBeGreaterThan(0);
  expect(heard).toHaveLength(1);
});
