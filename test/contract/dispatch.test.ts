/** `causeway dispatch` and `causeway sources` as containers run them, between a real NATS and functions elsewhere. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentType } from '../../events/cloudevent.ts';
import { rawSubject } from '../../events/subjects.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { createEventLog } from '../../infra/bus/event-log.ts';
import { countLedger } from '../../infra/bus/ledger-bucket.ts';
import { streamNames } from '../../infra/bus/streams.ts';
import type { Environment } from '../../infra/config/env.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import notifications from '../unit/events/minio-notifications.json' with { type: 'json' };
import { draftOf, eventOf, link } from '../unit/events/samples.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus/bus-world.ts';
import {
  commandLine,
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
let file: string;
let site: Site;
let other: Recorder;
let env: Environment;
let running: Served | undefined;

beforeEach(async () => {
  nats = await startBusWorld();
  bus = await nats.connect();
  env = { ...credentials, CAUSEWAY_NATS_URL: natsUrl(nats.server) };
  dir = await mkdtemp(join(tmpdir(), 'causeway-dispatch-'));
  site = await silentSite();
  other = await recorder();
  file = await writeDocuments(dir, site.server.port);
}, setupMs);
afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  running = undefined;
  await Promise.all([site.server.close(0), other.server.close(0), nats.stop()]);
  await rm(dir, { recursive: true, force: true });
});

async function run(command: string, args: readonly string[], more: Environment = {}): Promise<Served> {
  const port = await freePort();
  running = await serveProcess({
    main: commandLine(command),
    args: [...args, '-f', file, '--listen', String(port)],
    env: { ...env, ...more },
    port,
  });
  return running;
}

const backlog = async (): Promise<number> => {
  const { num_pending, num_ack_pending } = await bus.manager.consumers.info(streamNames.events, link);
  return num_pending + num_ack_pending;
};
const put = eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', 'a cat.jpg'), 'put');

describe('causeway dispatch', () => {
  const dispatch = () => run('dispatch', ['--to', `${other.url}/{function}`]);

  test('each event goes to the Service of its function, for one link, and is acknowledged by its 2xx', async () => {
    const { status, ended, child } = await dispatch();
    await createEventLog(bus).publish([{ event: put }]);

    expect(await other.until(put.type)).toMatchObject({
      path: '/replicate',
      event: { id: 'put', data: put.data, causewaylink: link },
    });
    expect((await other.until('dev.causeway.scan.due.v1')).path).toBe('/scan-retry');
    await expect.poll(backlog).toBe(0);
    expect([await status('/health/readiness'), await status('/metrics')]).toEqual([200, 200]);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  test('a Service that is not there is waited for, and its events are held', async () => {
    other.answer({ status: 503 });
    await dispatch();
    await createEventLog(bus).publish([{ event: put }]);
    await other.until(put.type);
    expect(await backlog()).toBe(1);
    other.answer({ status: 202 });

    await expect.poll(backlog, { timeout: 15_000 }).toBe(0);
    expect(await countLedger(bus, link)).toEqual({ failed: 0, planned: 0 });
  });

  test('it stops while a Service is not there, and leaves its event to the next', async () => {
    other.answer({ status: 503 });
    const { child, ended } = await dispatch();
    await createEventLog(bus).publish([{ event: put }]);
    await other.until(put.type);
    child.kill('SIGTERM');

    expect(await ended).toEqual([0, null]);
    expect(await backlog()).toBe(1);
  });

  test('without a place for the function, the address is refused', async () => {
    const { words, code } = await failedServe(
      ['-f', file, '--to', 'http://functions'],
      env,
      commandLine('dispatch'),
    );

    expect([code, words]).toEqual([2, expect.stringContaining('{function}')]);
  });
});

describe('causeway sources', () => {
  const [notification = ''] = notifications.empty;

  test('what a site tells reaches the Broker as a CloudEvent', async () => {
    const { child, ended } = await run('sources', [], { K_SINK: other.url });
    await bus.jetstream.publish(rawSubject('paris'), notification);

    expect(await other.until('com.amazonaws.s3.ObjectCreated:Put')).toMatchObject({
      event: { source: 'minio:s3.paris.photos', subject: 'empty/nothing' },
    });
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  test('what the Broker could not deliver waits in the ledger', async () => {
    const { url } = await run('sources', [], { K_SINK: other.url });
    const { status } = await fetch(`${url}/undelivered`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body: JSON.stringify(put),
    });

    expect(status).toBe(202);
    expect(await countLedger(bus, link)).toEqual({ failed: 1, planned: 0 });
  });

  test('without a Broker it does not start', async () => {
    const { words, code } = await failedServe(['-f', file], env, commandLine('sources'));

    expect([code, words]).toEqual([2, expect.stringContaining('K_SINK is not set')]);
  });
});
