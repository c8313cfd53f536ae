/** Every event type reaches its stream on a real NATS, and the consumers of those links that it concerns. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue, type EventType, eventTypes } from '../../events/catalogue.ts';
import { keySubjects } from '../../events/subjects.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { createEventLog } from '../../infra/bus/event-log.ts';
import { ensureStreams, scanConsumer, streamNames } from '../../infra/bus/streams.ts';
import type { Publication } from '../../infra/host/ports.ts';
import { links } from '../e2e/rules.ts';
import { draftOf, eventOf } from '../unit/events/samples.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus/bus-world.ts';

const bucket = 'my.photos';
const deployed = links({ sites: ['paris', 'tokyo', 'osaka'], bucket });
let world: BusWorld;
let bus: Bus;

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
  await ensureStreams(bus, { links: deployed, sites: ['paris'] });
}, setupMs);
afterAll(() => world?.stop());

const consumers = deployed.flatMap(({ id }) => [id, scanConsumer(id)]);

async function pending(): Promise<number[]> {
  const infos = consumers.map((name) => bus.manager.consumers.info(streamNames.events, name));
  return (await Promise.all(infos)).map(({ num_pending }) => num_pending);
}

/** Publishes it, and waits until exactly these consumers have one message more. */
async function reaches(publication: Publication, expected: readonly string[]): Promise<void> {
  const before = await pending();
  await createEventLog(bus).publish([publication]);
  await expect
    .poll(async () => {
      const after = await pending();
      return consumers.filter((_, index) => after[index] !== before[index]);
    })
    .toEqual(expected);
}

/** Who has to hear of it: links that start where it happened, the link it names, or that link's walk. */
const expected: Readonly<Record<(typeof catalogue)[EventType]['subject'], (site: string) => string[]>> = {
  object: (site) => deployed.filter(({ source }) => source.site === site).map(({ id }) => id),
  link: () => ['photos_paris_tokyo'],
  snapshot: () => [],
  volume: () => [],
  schedule: () => ['photos_paris_tokyo_scan'],
  dead: () => [],
};

test.each(eventTypes)('%s is heard by those it concerns', async (type) => {
  const event = eventOf(draftOf(type, 'a b.jpg', bucket), type);
  const site = 'site' in event.data ? event.data.site : '';

  await reaches({ event }, expected[catalogue[type].subject](site));
});

test.each(eventTypes)('%s that is tried again is heard by its link alone', async (type) => {
  const event = eventOf(draftOf(type, 'a b.jpg', bucket), `again-${type}`);

  await reaches({ event, link: 'photos_osaka_paris', attempts: 1 }, ['photos_osaka_paris']);
});

test('what happened to one key is found by its subjects', async () => {
  const filters = keySubjects(bucket, 'a b.jpg');
  const found = await Promise.all(
    filters.map((subjects_filter) => bus.manager.streams.info(streamNames.events, { subjects_filter })),
  );
  const subjects = found.flatMap(({ state }) => Object.keys(state.subjects ?? {}));
  const aboutKeys = eventTypes.filter((type) => 'bucket' in draftOf(type).data);

  for (const type of aboutKeys) {
    const kind = type.replace(/^com\.amazonaws\.s3\.|^dev\.causeway\./, '').replaceAll(/[.:]/g, '-');
    expect(subjects.some((subject) => subject.includes(`.${kind}.`))).toBe(true);
  }
});
