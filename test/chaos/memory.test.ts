/** Memory stays flat, however much waits: what is held at a time is bounded, and the rest stays on the stream. CAUSEWAY_TEST_BACKLOG says how much. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CausewayEvent, makeEvent } from '../../events/cloudevent.ts';
import { connectBus } from '../../infra/bus/connection.ts';
import { createEventLog } from '../../infra/bus/event-log.ts';
import { environment } from '../../infra/config/env.ts';
import { Secret } from '../../infra/config/secret.ts';
import { type CausewayProcess, causewayUp, documents } from '../e2e/causeway-process.ts';
import { startWorld, type World } from '../e2e/world.ts';

const MEBIBYTE = 1024 * 1024;
const most = 300 * MEBIBYTE;
const events = Number(environment.CAUSEWAY_TEST_BACKLOG ?? 100_000);
const together = 10_000;
let world: World;
let causeway: CausewayProcess;

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: 'photos' }]);
  causeway = await causewayUp(world.dir, world.embedded, documents(world.embedded, 'photos'));
});
afterAll(async () => {
  await causeway?.stop();
  await world?.stop();
});

const written = (number: number): CausewayEvent =>
  makeEvent(
    {
      type: 'com.amazonaws.s3.ObjectCreated:Put',
      data: {
        ...{ site: 'east', bucket: 'photos', key: `backlog/${number % 50_000}`, versionId: randomUUID() },
        ...{ size: 1024, modified: '2026-01-02T03:04:05.123456789Z', eventTime: '2026-01-02T03:04:05.125Z' },
      },
    },
    { id: randomUUID(), source: 'test', time: '2026-01-02T03:04:05.125Z' },
  );

async function gauge(name: string): Promise<number> {
  const text = await (await fetch(`${causeway.gateway}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
  return Math.max(0, ...values.map(([, value]) => Number(value)));
}

test(`with ${events} events waiting for a site that is down`, async () => {
  await world.embedded.sites[0]?.server.stop();
  const { host, port, user, password } = world.embedded.nats;
  const login = { user, password: new Secret(password) };
  const bus = await connectBus({ servers: [`${host}:${port}`], tls: false, login });
  const log = createEventLog(bus);
  let peak = 0;

  for (let from = 0; from < events; from += together) {
    await log.publish(Array.from({ length: together }, (_, index) => ({ event: written(from + index) })));
    peak = Math.max(peak, await gauge('process_resident_memory_bytes'));
  }
  await expect.poll(() => gauge('causeway_backlog'), { timeout: 60_000 }).toBeGreaterThanOrEqual(events);
  peak = Math.max(peak, await gauge('process_resident_memory_bytes'));
  await bus.close();

  console.log(`${events} events: at most ${Math.round(peak / MEBIBYTE)} MiB`);
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(most);
});
