/** A site's raw notifications → events: acknowledged when the events are on the stream. */
import { beforeEach, expect, test } from 'vitest';
import { createEntrance } from '../../../../infra/host/entrance.ts';
import { startIntake } from '../../../../infra/host/intake.ts';
import type { HeldMessage } from '../../../../infra/host/ports.ts';
import { settled } from '../../../contract/hosts/manual-clock.ts';
import { createHostWorld, type HostWorld } from '../../../contract/hosts/world.ts';

const record = {
  eventName: 's3:ObjectCreated:Put',
  eventTime: '2026-01-02T03:04:05.125Z',
  s3: { bucket: { name: 'photos' }, object: { key: 'a.jpg', versionId: 'v', sequencer: '18EA06157CD3C143' } },
};
let world: HostWorld;
let deliver: (body: string) => Promise<void>;
let said: string[];
let counted: string[];
let lettersFail: boolean;

beforeEach(async () => {
  world = createHostWorld();
  said = [];
  counted = [];
  lettersFail = false;
  const { log, deadLetters } = world.settlement;
  let onMessage: (message: HeldMessage) => void = () => undefined;
  await startIntake({
    site: 'paris',
    entrance: createEntrance(log),
    deadLetters: {
      add: (letter) => (lettersFail ? Promise.reject(new Error('NATS is away')) : deadLetters.add(letter)),
    },
    feed: {
      async open(take) {
        onMessage = take;
        return { close: async () => undefined };
      },
    },
    observer: {
      eventIn: (site, type) => counted.push(`${site} ${type}`),
      ignored: (site, what) => counted.push(`${site} ignored ${what}`),
      refused: (site) => counted.push(`${site} refused`),
    },
  });
  deliver = async (body) => {
    onMessage({
      body: Buffer.from(body),
      sequence: 1,
      attempts: 0,
      stored: 0,
      ack: async () => void said.push('ack'),
      nak: (afterMs) => void said.push(`nak ${afterMs}`),
      working: () => undefined,
    });
    await settled();
  };
});

test('an event is on the stream when its notification is acknowledged', async () => {
  await deliver(JSON.stringify({ Records: [record] }));

  expect(said).toEqual(['ack']);
  expect(world.emitted).toMatchObject([
    { type: 'com.amazonaws.s3.ObjectCreated:Put', data: { site: 'paris' } },
  ]);
  expect(counted).toEqual(['paris com.amazonaws.s3.ObjectCreated:Put']);
});

test('a notification that comes twice is one event', async () => {
  await deliver(JSON.stringify({ Records: [record] }));
  await deliver(JSON.stringify({ Records: [record] }));

  expect(said).toEqual(['ack', 'ack']);
  expect(world.emitted).toHaveLength(1);
  expect(counted).toHaveLength(1);
});

test('while the stream is away the notification comes again, and is counted once', async () => {
  world.failPublishing(new Error('NATS is away'));
  await deliver(JSON.stringify({ Records: [record] }));
  world.failPublishing(undefined);
  await deliver(JSON.stringify({ Records: [record] }));

  expect(said).toEqual(['nak 1000', 'ack']);
  expect(counted).toEqual(['paris com.amazonaws.s3.ObjectCreated:Put']);
});

test('what nothing has to be done about is acknowledged', async () => {
  await deliver(JSON.stringify({ Records: [{ ...record, eventName: 's3:ObjectAccessed:Get' }] }));

  expect([said, world.emitted, counted]).toEqual([['ack'], [], ['paris ignored ObjectAccessed:Get']]);
});

test.each(['not JSON', '{"Records":[]}', JSON.stringify({ Records: [{ ...record, s3: {} }] })])(
  'what is no notification is kept as a dead letter: %s',
  async (body) => {
    await deliver(body);

    expect([said, world.emitted, counted]).toEqual([['ack'], [], ['paris refused']]);
    expect(world.letters).toEqual([
      { link: undefined, function: undefined, reason: expect.stringMatching(/^paris: /), body },
    ]);
  },
);

test('a dead letter that cannot be kept comes again', async () => {
  lettersFail = true;
  await deliver('not JSON');

  expect([said, counted]).toEqual([['nak 1000'], []]);
});
