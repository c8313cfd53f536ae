/** What a Broker could not deliver is not lost. */
import { beforeEach, expect, test } from 'vitest';
import { contentType } from '../../../../events/cloudevent.ts';
import { takeUndelivered } from '../../../../infra/host/undelivered.ts';
import { createHostWorld, type HostWorld } from '../../../contract/hosts/world.ts';
import { draftOf, eventOf } from '../../events/samples.ts';

let world: HostWorld;
beforeEach(() => {
  world = createHostWorld();
});

const data = {
  site: 'east',
  bucket: 'photos',
  key: 'in/a cat.jpg',
  size: 1,
  eventTime: '2026-01-02T03:04:05Z',
};
const created = eventOf({ type: 'com.amazonaws.s3.ObjectCreated:Put', data }, 'one');

const take = (value: object) =>
  takeUndelivered(
    { links: world.links, ...world.settlement },
    {
      headers: { 'content-type': contentType },
      body: async () => Buffer.from(JSON.stringify(value)),
    },
  );

test('an event waits in the ledger, for each link that it is for', async () => {
  const answer = await take({ ...created, knativeerrorcode: 503 });

  expect(answer.status).toBe(202);
  expect(world.ledger).toMatchObject([
    { link: world.link.id, event: { id: 'one' }, state: 'failed', nextTry: world.clock.now() + 10_000 },
  ]);
});

test('a retry keeps its link and its count', async () => {
  await take({ ...created, causewaylink: world.link.id, causewayattempts: 4 });

  expect(world.ledger).toMatchObject([{ link: world.link.id, attempts: 4 }]);
});

test('a scan is let go: the next tick brings it', async () => {
  const { status } = await take(eventOf(draftOf('dev.causeway.scan.due.v1'), 'scan'));

  expect([status, world.ledger]).toEqual([202, []]);
});

test('what is no event becomes a dead letter, what is somebody else’s is let go', async () => {
  expect((await take({ no: 'event' })).status).toBe(202);
  expect((await take({ ...created, type: 'com.example.other' })).status).toBe(202);

  expect([world.letters.length, world.ledger]).toEqual([1, []]);
});

test('while the ledger is away it is to be brought again', async () => {
  world.settlement.ledger.put = () => Promise.reject(new Error('NATS is away'));

  expect((await take(created)).status).toBe(503);
});
