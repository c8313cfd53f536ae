/** A seeded workload at both sites of a two-way rule, without any fault: nothing may differ at its end. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import { agreement } from './agreement.ts';
import { links } from './rules.ts';
import { runWorkload } from './workload.ts';
import { type Running, startWorld, type World } from './world.ts';

const seed = Number(environment.CAUSEWAY_SEED ?? Date.now() % 100_000);
let world: World;
let running: Running;

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: 'photos' }]);
  running = await world.deploy(links({ sites: ['east', 'west'], bucket: 'photos' }));
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

test(`both sites equal the workload's model (CAUSEWAY_SEED=${seed})`, async () => {
  const clients = new Map(
    world.embedded.sites.map(({ name, server }) => [name, rootClient(server, { maxAttempts: 1 })]),
  );
  const model = await runWorkload({ seed, operations: 1500, bucket: 'photos', clients });

  const took = await agreement([world.store('east'), world.store('west')], 'photos', model, 60_000);

  console.log(`seed ${seed}: ${model.versions.size} versions agree ${took} ms after the last operation`);
  expect(model.versions.size).toBeGreaterThan(300);
  const parked = links({ sites: ['east', 'west'], bucket: 'photos' }).map(
    ({ id }) => running.telemetry.totals(id).parked,
  );
  expect(parked).toEqual([0, 0]);
});
