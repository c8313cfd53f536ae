/**
 * Replication without a deployment: each function is a `causeway serve` of its own behind a Broker, `causeway sources`
 * brings it what the sites tell, and all that they tell each other goes through it. What the Broker's few tries do not
 * bring about, the ledger does.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scanDue } from '../../events/sources/schedule.ts';
import { functions } from '../../functions/index.ts';
import { createSink, type Sink } from '../../infra/bus/sink.ts';
import type { Environment } from '../../infra/config/env.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { commandLine, type Served, serveProcess } from '../contract/serve/process.ts';
import { type Broker, startBroker } from './broker.ts';
import { endWell, killed, type ServedWorld, startServedWorld } from './served-world.ts';

const link = 'photos_east_west';
let sites: ServedWorld;
let broker: Broker;
let env: Environment;
let sink: Sink;
const served = new Map<string, Served>();
let schedule: NodeJS.Timeout;

async function startFunction(name: string): Promise<void> {
  const process = await serveProcess({ args: [name, '-f', sites.file], env, port: await freePort() });
  broker.trigger(name, process.url);
  served.set(name, process);
}

beforeAll(async () => {
  sites = await startServedWorld();
  broker = await startBroker();
  env = { ...sites.env, K_SINK: broker.url };
  // The first makes the streams; all at once would be a lot for a small machine.
  for (const { name } of functions) {
    await startFunction(name);
  }
  const port = await freePort();
  const sources = await serveProcess({
    main: commandLine('sources'),
    args: ['-f', sites.file, '--listen', String(port)],
    env,
    port,
  });
  served.set('sources', sources);
  broker.deadLetterSink(`${sources.url}/undelivered`);
  sink = createSink({ url: broker.url, deadlineMs: 5_000 });
  schedule = setInterval(() => {
    sink.publish([{ event: scanDue(link, 1000, Date.now()) }]).catch(() => undefined);
  }, 1000);
}, 40 * 60_000);

afterAll(async () => {
  clearInterval(schedule);
  await endWell(served.values());
  await Promise.all([sink?.close(), broker?.close()]);
  await sites?.stop();
});

test('versions, markers, purges and tags reach the target through the Broker', async () => {
  await sites.changeAll();

  await sites.sitesAgree();
  expect(await sites.listed('west')).toHaveLength(4);
  expect(broker.taken.get('dev.causeway.version.sent.v1')).toBeGreaterThanOrEqual(4);
});

test('what takes longer than a request may last arrives in slices, none of which counts as a failure', async () => {
  const due = (): number => broker.taken.get('dev.causeway.version.due.v1') ?? 0;
  const before = due();
  const parts = await sites.putInParts('film.mov');

  await sites.sitesAgree();
  expect(due() - before).toBeGreaterThanOrEqual(2);
  expect(due() - before).toBeLessThan(parts);
  expect(broker.retried).not.toContain('film.mov');
});

test('what is written while the target is down waits in the ledger, and arrives when it is back', async () => {
  const target = sites.world.embedded.sites[1]?.server;
  await target?.kill();
  const versionId = await sites.put('while-down.jpg');
  await expect.poll(() => broker.retried, { timeout: 30_000 }).toContain('while-down.jpg');
  await target?.start();

  await sites.sitesAgree();
  expect((await sites.listed('west')).map((version) => version.versionId)).toContain(versionId);
  expect(broker.givenUp).toEqual([]);
});

test('what the Broker gives up, since a function is gone, arrives when it is back', async () => {
  const gone = served.get('replicate');
  if (gone) await killed(gone);
  await sites.put('undelivered.jpg');
  await expect
    .poll(() => broker.givenUp, { timeout: 30_000 })
    .toContain('com.amazonaws.s3.ObjectCreated:Put undelivered.jpg');
  await startFunction('replicate');

  await sites.sitesAgree();
  expect(broker.givenUp.filter((words) => words.startsWith('lost'))).toEqual([]);
});
