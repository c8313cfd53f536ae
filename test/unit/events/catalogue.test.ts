/** The list of event types and the functions tell one story. */
import { expect, test } from 'vitest';
import { catalogue, type EventType, eventTypes, handedOver, isEventType } from '../../../events/catalogue.ts';
import { createdEvents, metadataEvents, removedEvents } from '../../../events/object-events.ts';
import { functions, receivers, volumeFunctions } from '../../../functions/index.ts';
import { everyEvent } from './samples.ts';

const all = [...functions, ...volumeFunctions];
const sources = [
  'sources/minio',
  'sources/schedule',
  'sources/volume-snapshots',
  'infra/volumes',
  'infra/host',
];

const isForSubscribers = (type: EventType): boolean => catalogue[type].handledBy === 'subscribers';
const takersOf = (type: EventType): string[] =>
  all.filter(({ on }) => on.includes(type)).map(({ name }) => name);

test.each(eventTypes.filter((type) => catalogue[type].subject !== 'dead' && !isForSubscribers(type)))(
  '%s is taken by the function it names, and by no other',
  (type) => {
    expect(takersOf(type)).toEqual([catalogue[type].handledBy]);
  },
);

test.each(eventTypes.filter(isForSubscribers))('%s is for subscribers: no function takes it', (type) => {
  expect(takersOf(type)).toEqual([]);
});

test('a dead letter is taken by nobody until somebody replays it', () => {
  const { handledBy } = catalogue['dev.causeway.dead-letter.v1'];

  expect(handledBy).toMatch(/^causeway replay/);
  expect(all.flatMap(({ on }) => on)).not.toContain('dev.causeway.dead-letter.v1');
});

test.each(eventTypes)('%s is emitted by those it names, and by no others', (type) => {
  const emitters = all.filter(({ emits }) => emits.includes(type)).map(({ name }) => name);
  const named: readonly string[] = catalogue[type].emittedBy;

  expect(named.filter((name) => !sources.includes(name)).toSorted()).toEqual(emitters.toSorted());
  expect(named.length).toBeGreaterThan(0);
});

test('what is handed over is taken and answered by the receiver it names', () => {
  const told = Object.entries(handedOver);

  for (const { name, on, answers } of receivers) {
    expect(told.filter(([, { handledBy }]) => handledBy === name).map(([type]) => type)).toEqual([on]);
    expect(
      told.filter(([, { emittedBy }]) => emittedBy.some((one) => one === name)).map(([type]) => type),
    ).toEqual([answers]);
  }
  expect(told.every(([type]) => !isEventType(type))).toBe(true);
});

test('every S3 event that a function takes has its type', () => {
  const names = [...createdEvents, ...metadataEvents, ...removedEvents];

  expect(eventTypes.filter((type) => type.startsWith('com.amazonaws.s3.')).toSorted()).toEqual(
    names.map((name) => `com.amazonaws.s3.${name}`).toSorted(),
  );
});

test('no name of an object in JavaScript is an event type', () => {
  for (const name of ['__proto__', 'constructor', 'toString', '']) expect(isEventType(name)).toBe(false);
});

test('the data of an example of each type fits its schema', () => {
  for (const { type, data } of everyEvent) expect(catalogue[type].schema.parse(data)).toEqual(data);
});
