/**
 * The bundles as containers run them: made as the Containerfile has it, one file, away from the sources and from
 * node_modules, nothing to write on, and all that they know from Knative's environment.
 */

import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { batchContentType, outcomesType } from '../../events/batch-outcomes.ts';
import { contentType } from '../../events/cloudevent.ts';
import { tickType } from '../../events/sources/schedule.ts';
import { keySubjects } from '../../events/subjects.ts';
import { functions, receivers, volumeFunctions } from '../../functions/index.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { streamNames } from '../../infra/bus/streams.ts';
import type { Environment } from '../../infra/config/env.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { draftOf, eventOf } from '../unit/events/samples.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus/bus-world.ts';
import {
  credentials,
  failedServe,
  type Served,
  type Site,
  serveProcess,
  silentSite,
  writeDocuments,
} from './serve/process.ts';
import { type Recorder, recorder } from './serve/recorder.ts';

let nats: BusWorld;
let bus: Bus;
let dir: string;
let site: Site;
let sink: Recorder;
let env: Environment;
let running: Served | undefined;

beforeAll(async () => {
  nats = await startBusWorld();
  bus = await nats.connect();
  dir = await mkdtemp(join(tmpdir(), 'causeway-bundle-'));
  site = await silentSite();
  site.answer();
  sink = await recorder();
  const documents = await writeDocuments(dir, site.server.port);
  env = {
    ...credentials,
    CAUSEWAY_NATS_URL: natsUrl(nats.server),
    CAUSEWAY_DOCUMENTS: documents,
    K_REVISION: 'function-00001',
    K_CONFIGURATION: 'function',
    CAUSEWAY_RECEIVER_TOKEN: 'a-token-of-the-receiver',
    CAUSEWAY_RECEIVES: 'tokyo/photos',
  };
  await buildStage(dir);
}, setupMs);
afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  running = undefined;
});
afterAll(async () => {
  await Promise.all([nats?.stop(), site?.server.close(0), sink?.server.close(0)]);
  await rm(dir, { recursive: true, force: true });
});

/** What the Containerfile's first stage does, with the packages that are here. */
async function buildStage(into: string): Promise<void> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const recipe = await readFile(join(root, 'knative/Containerfile'), 'utf8');
  const [, stage = ''] = /^(FROM \S+ AS build\n[\s\S]*?)^FROM /m.exec(recipe) ?? [];
  const source = join(into, 'source');
  await mkdir(source);
  for (const [, sources = ''] of stage.matchAll(/^COPY (.+) \S+$/gm)) {
    for (const name of sources.split(' '))
      await cp(join(root, name), join(source, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(source, 'node_modules'));
  const [, command = ''] = /^RUN (node .*)$/m.exec(stage) ?? [];
  const [, ...args] = command.replace('/app', into).split(' ');
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: source, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  await rm(source, { recursive: true });
}

/** Node refuses every write, every process and every worker. */
const confined = (file: string): string[] => ['--permission', '--allow-fs-read=*', join(dir, file)];

async function run(name: string, more: Environment = {}): Promise<Served> {
  const port = await freePort();
  running = await serveProcess({
    main: confined(`${name}.mjs`),
    args: [],
    env: { ...env, ...more, K_SERVICE: name },
    port,
  });
  return running;
}

/** Of a version that the site does not have. */
const put = (key: string, id: string) => eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', key), id);

test('there is a file for each function, and one for the command line', async () => {
  const made = (await readdir(dir)).filter((file) => file.endsWith('.mjs'));

  expect(made.toSorted()).toEqual(
    ['causeway', ...[...functions, ...receivers, ...volumeFunctions].map(({ name }) => name)]
      .map((name) => `${name}.mjs`)
      .toSorted(),
  );
});

test('an event that is posted to a function is handled, and what follows is on the stream', async () => {
  const { document, send, status, child, ended } = await run('replicate');
  const event = put('a cat.jpg', 'one');
  expect([await status('/health/liveness'), await status('/health/readiness')]).toEqual([200, 200]);

  expect((await send(event)).status).toBe(202);
  expect(document).toMatchObject({ function: 'replicate', host: '0.0.0.0' });
  const found = await Promise.all(
    keySubjects('photos', 'a cat.jpg').map((subjects_filter) =>
      bus.manager.streams.info(streamNames.events, { subjects_filter }),
    ),
  );
  expect(found.flatMap(({ state }) => Object.keys(state.subjects ?? {}))).toEqual([
    expect.stringContaining('delete-due-v1'),
  ]);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('under a Broker, what follows is at $K_SINK when the event is taken', async () => {
  const { url } = await run('replicate', { K_SINK: sink.url });
  const { data, datacontenttype, ...attributes } = put('ünï code.jpg', 'two');
  const answer = await fetch(url, {
    method: 'POST',
    headers: [
      ['content-type', datacontenttype],
      ...Object.entries(attributes).map(([name, value]): [string, string] => [
        `ce-${name}`,
        encodeURIComponent(String(value)),
      ]),
    ],
    body: JSON.stringify(data),
  });

  expect([answer.status, await answer.text()]).toEqual([202, '']);
  expect(sink.taken.map(({ event }) => event)).toMatchObject([
    { type: 'dev.causeway.delete.due.v1', causationid: 'two', data: { key: 'ünï code.jpg' } },
  ]);
});

test('a tick of the PingSource brings the scans that are due to $K_SINK', async () => {
  const { url } = await run('scan-retry', { K_SINK: sink.url });
  const headers = {
    'content-type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': 'tick',
    'ce-type': tickType,
    'ce-source': '/apis/v1/namespaces/causeway/pingsources/scan',
  };
  const { status } = await fetch(url, { method: 'POST', headers, body: '{}' });

  expect(status).toBe(202);
  expect(await sink.until('dev.causeway.scan.due.v1')).toMatchObject({
    event: { data: { link: 'photos_paris_tokyo' } },
  });
});

test('of each event of a batch it says what became of it', async () => {
  const { url } = await run('replicate');
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': batchContentType },
    body: JSON.stringify([put('a.jpg', 'three'), put('b.jpg', 'four')]),
  });

  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, contentType]);
  expect(await answer.json()).toMatchObject({
    type: outcomesType,
    data: {
      outcomes: [
        { id: 'three', outcome: 'done' },
        { id: 'four', outcome: 'done' },
      ],
    },
  });
});

test.each([...functions, ...receivers].map(({ name }) => name))(
  '%s serves itself, is ready and shows what it counts',
  async (name) => {
    const { document, status } = await run(name);

    expect(document).toMatchObject({ function: name });
    expect([await status('/health/readiness'), await status('/metrics')]).toEqual([200, 200]);
  },
);

test('what it cannot run it explains', async () => {
  const { words, code } = await failedServe(
    [],
    { ...env, CAUSEWAY_DOCUMENTS: 'no.yaml' },
    confined('verify.mjs'),
  );

  expect([code, words]).toEqual([1, expect.stringContaining('no.yaml')]);
});

test('the command line is there too', () => {
  const { status, stdout } = spawnSync(process.execPath, [...confined('causeway.mjs'), '--help'], {
    encoding: 'utf8',
  });

  expect([status, stdout]).toEqual([0, expect.stringContaining('dispatch')]);
});
