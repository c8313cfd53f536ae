/** The streams and buckets of a deployment: made once, by whoever comes first, and kept as they are. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Bus, connectBus } from '../../../infra/bus/connection.ts';
import { createEventLog } from '../../../infra/bus/event-log.ts';
import {
  bucketNames,
  defaultStreamSettings,
  ensureStreams,
  scanConsumer,
  streamNames,
} from '../../../infra/bus/streams.ts';
import { environment } from '../../../infra/config/env.ts';
import { findBinary } from '../../../infra/sites/binaries.ts';
import { freePort } from '../../../infra/sites/ports.ts';
import { startProcess } from '../../../infra/sites/process.ts';
import { type BusWorld, linkOf, putEvent, setupMs, startBusWorld } from './bus-world.ts';

const wanted = { links: [linkOf('photos'), linkOf('videos')], sites: ['east', 'west'] };
const everything = [...Object.values(streamNames), ...Object.values(bucketNames).map((name) => `KV_${name}`)];
let world: BusWorld;
let bus: Bus;

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
}, setupMs);
beforeEach(async () => {
  for (const name of await streams()) await bus.manager.streams.delete(name);
});
afterAll(() => world?.stop());

async function streams(): Promise<string[]> {
  const names: string[] = [];
  for await (const name of bus.manager.streams.names()) names.push(name);
  return names.sort();
}

async function consumers(stream: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of bus.manager.consumers.list(stream)) names.push(name);
  return names.sort();
}

test('makes every stream, bucket and consumer, and leaves them as they are when asked again', async () => {
  await ensureStreams(bus, wanted);
  expect(await streams()).toEqual(everything.toSorted());
  expect(await consumers(streamNames.raw)).toEqual(['source_east', 'source_west']);
  const ids = wanted.links.flatMap(({ id }) => [id, scanConsumer(id)]);
  expect(await consumers(streamNames.events)).toEqual(ids.sort());
  await createEventLog(bus).publish([{ event: putEvent() }]);
  const before = await bus.manager.streams.info(streamNames.events);
  await ensureStreams(bus, wanted, { ...defaultStreamSettings, maxAgeMs: 60_000 });
  const after = await bus.manager.streams.info(streamNames.events);
  expect([after.created, after.state.messages]).toEqual([before.created, 1]);
  expect(after.config.max_age).toBe(before.config.max_age);
});

test('a stream that takes fewer kinds of events than now learns the others, and keeps its events', async () => {
  await ensureStreams(bus, wanted);
  await createEventLog(bus).publish([{ event: putEvent() }]);
  const { config } = await bus.manager.streams.info(streamNames.events);
  await bus.manager.streams.update(streamNames.events, { subjects: ['causeway.object.>', 'mine.>'] });

  await ensureStreams(bus, wanted);

  const after = await bus.manager.streams.info(streamNames.events);
  expect(after.config.subjects.toSorted()).toEqual([...config.subjects, 'mine.>'].toSorted());
  expect(after.state.messages).toBe(1);
});

test('three processes and this one may do it at the same time', async () => {
  const infra = new URL('../../../infra/', import.meta.url).href;
  const { user, password } = world.server;
  const script = `
    import { connectBus } from '${infra}bus/connection.ts';
    import { ensureStreams } from '${infra}bus/streams.ts';
    import { Secret } from '${infra}config/secret.ts';
    const [access, wanted, password] = JSON.parse(process.env.GIVEN);
    const bus = await connectBus({ ...access, login: { ...access.login, password: new Secret(password) } });
    for (let turn = 0; turn < 5; turn++) await ensureStreams(bus, wanted);
    await bus.close();
  `;
  const given = JSON.stringify([{ ...world.access, login: { user } }, wanted, password]);
  const another = () =>
    promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...environment, GIVEN: given },
    });
  await Promise.all([another(), another(), another(), ensureStreams(bus, wanted)]);
  expect(await streams()).toEqual(everything.toSorted());
});

test('a rule that names another bucket moves its link’s consumer there, and keeps its place', async () => {
  const photos = linkOf('photos');
  await ensureStreams(bus, { links: [photos], sites: [] });
  const moved = { ...photos, source: { site: 'east', bucket: 'pictures' } };
  const before = await bus.manager.consumers.info(streamNames.events, photos.id);
  await ensureStreams(bus, { links: [moved], sites: [] });
  await createEventLog(bus).publish([
    { event: putEvent({ bucket: 'photos' }) },
    { event: putEvent({ bucket: 'pictures' }) },
  ]);
  const info = () => bus.manager.consumers.info(streamNames.events, photos.id);
  await expect.poll(async () => (await info()).num_pending).toBe(1);
  const after = await info();
  expect(after.created).toBe(before.created);
});

test('a link is given what happens from its first start on, and nothing from before', async () => {
  await ensureStreams(bus, { links: [linkOf('photos')], sites: [] });
  await createEventLog(bus).publish([{ event: putEvent({ bucket: 'videos' }) }]);
  await ensureStreams(bus, wanted);
  const { num_pending } = await bus.manager.consumers.info(streamNames.events, linkOf('videos').id);
  expect(num_pending).toBe(0);
});

test('streams are made smaller where the server has less room', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-small-'));
  const port = await freePort();
  const config = join(dir, 'nats.conf');
  await writeFile(
    config,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${dir}", max_file_store: 3GB }\n`,
  );
  const access = { servers: [`127.0.0.1:${port}`], tls: false, login: undefined };
  const server = await startProcess({
    name: 'nats-server',
    binary: await findBinary('nats-server', environment, console.error),
    args: ['--config', config],
    env: { HOME: dir },
    cwd: dir,
    port,
    isReady: async () => {
      await (await connectBus(access)).close();
      return true;
    },
  });
  try {
    const small = await connectBus(access);
    await ensureStreams(small, wanted);
    const sizes = new Map<string, number>();
    for await (const { config: made } of small.manager.streams.list()) sizes.set(made.name, made.max_bytes);
    const gibibyte = 1024 ** 3;
    expect(sizes.get(streamNames.events)).toBe(gibibyte);
    expect(sizes.get(streamNames.raw)).toBe(gibibyte);
    expect(sizes.get(streamNames.dead)).toBe(gibibyte / 8);
    const greedy = { ...defaultStreamSettings, maxBytes: 1024 ** 5 };
    for (const name of Object.values(streamNames)) await small.manager.streams.delete(name);
    await expect(ensureStreams(small, wanted, greedy)).rejects.toThrow(/NATS has no room .*max_file_store/);
    await small.close();
  } finally {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
});
