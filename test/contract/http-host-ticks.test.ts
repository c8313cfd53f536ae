/** A PingSource's ticks become the scans that are due. */
import { afterEach, expect, test } from 'vitest';
import { scansDueAt } from '../../events/sources/schedule.ts';
import { replicate } from '../../functions/replicate.ts';
import { scanRetry } from '../../functions/scan-retry.ts';
import type { HttpHost } from '../../infra/host/http-host.ts';
import { startTestHost } from './hosts/drivers.ts';
import { createHostWorld } from './hosts/world.ts';

let host: HttpHost | undefined;
afterEach(() => host?.stop());

async function tick(bound: typeof scanRetry | typeof replicate) {
  const world = createHostWorld();
  host = await startTestHost(world, bound);
  const send = () =>
    fetch(`http://127.0.0.1:${host?.port}/`, {
      method: 'POST',
      headers: {
        'ce-specversion': '1.0',
        'ce-id': 'tick',
        'ce-type': 'dev.knative.sources.ping',
        'ce-source': '/apis/v1/namespaces/causeway/pingsources/scan',
        'content-type': 'application/json',
      },
      body: '{}',
    });
  return { world, send };
}

test('a tick is taken when the scan of each link is on its way', async () => {
  const { world, send } = await tick(scanRetry);

  expect((await send()).status).toBe(202);
  expect(world.emitted).toMatchObject([{ type: 'dev.causeway.scan.due.v1', data: { link: world.link.id } }]);
});

test('while it cannot be sent on, the tick comes again', async () => {
  const { world, send } = await tick(scanRetry);
  world.failPublishing(new Error('NATS is away'));

  expect((await send()).status).toBe(503);
});

test('a function that does not scan lets it go', async () => {
  const { world, send } = await tick(replicate);

  expect([(await send()).status, world.emitted]).toEqual([202, []]);
});

test('a scan is due once in its interval, whatever the tick', () => {
  const hour = 3_600_000;
  const links = [
    { id: 'often', scanEveryMs: 500 },
    { id: 'hourly', scanEveryMs: hour },
  ];
  const ticks = Array.from({ length: 120 }, (_, minute) =>
    scansDueAt(100 * hour + minute * 60_000 + 700, links),
  );
  const count = (id: string) => ticks.flat().filter(({ subject }) => subject === id).length;

  expect([count('often'), count('hourly')]).toEqual([120, 2]);
});
