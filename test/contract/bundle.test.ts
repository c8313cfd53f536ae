/**
 * The bundles as containers run them: one file, away from the sources and from node_modules, nothing to write on, and all
 * that they know from Knative's environment.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keySubjects } from '../../events/subjects.ts';
import { functions } from '../../functions/index.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { streamNames } from '../../infra/bus/streams.ts';
import type { Environment } from '../../infra/config/env.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { bundle } from '../../knative/bundling.ts';
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

let nats: BusWorld;
let bus: Bus;
let dir: string;
let site: Site;
let env: Environment;
let running: Served | undefined;

beforeAll(async () => {
  nats = await startBusWorld();
  bus = await nats.connect();
  dir = await mkdtemp(join(tmpdir(), 'causeway-bundle-'));
  site = await silentSite();
  site.answer();
  const documents = await writeDocuments(dir, site.server.port);
  env = {
    ...credentials,
    CAUSEWAY_NATS_URL: natsUrl(nats.server),
    CAUSEWAY_DOCUMENTS: documents,
    K_REVISION: 'function-00001',
    K_CONFIGURATION: 'function',
  };
  await bundle(dir);
}, setupMs);
afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  running = undefined;
});
afterAll(async () => {
  await Promise.all([nats?.stop(), site?.server.close(0)]);
  await rm(dir, { recursive: true, force: true });
});

/** Node refuses every write, every process and every worker. */
const confined = (file: string): string[] => ['--permission', '--allow-fs-read=*', join(dir, file)];

async function run(name: string): Promise<Served> {
  const port = await freePort();
  running = await serveProcess({
    main: confined(`${name}.mjs`),
    args: [],
    env: { ...env, K_SERVICE: name },
    port,
  });
  return running;
}

test('there is a file for each function, and one for the command line', async () => {
  const made = (await readdir(dir)).filter((file) => file.endsWith('.mjs'));

  expect(made.toSorted()).toEqual(
    ['causeway', ...functions.map(({ name }) => name)].map((name) => `${name}.mjs`).toSorted(),
  );
});

test('an event that is posted to a function is handled, and what follows is on the stream', async () => {
  const { document, send, status, child, ended } = await run('replicate');
  const event = eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', 'a cat.jpg'), 'one');
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

test.each(functions.map(({ name }) => name))(
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
