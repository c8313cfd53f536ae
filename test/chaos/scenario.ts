/** One chaos scenario: the seeded workload at both sites, harm in its middle, and nothing may differ at its end. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { environment } from '../../infra/config/env.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import { agreement } from '../e2e/agreement.ts';
import { type CausewayProcess, causewayUp, documents } from '../e2e/causeway-process.ts';
import { runWorkload } from '../e2e/workload.ts';
import { startWorld, type World } from '../e2e/world.ts';
import { type Wire, wireTo } from './cut.ts';

export interface Scene {
  readonly world: World;
  readonly causeway: CausewayProcess;
  /** Between Causeway and the site west. */
  readonly wire: Wire;
}

export const seed = Number(environment.CAUSEWAY_SEED ?? Date.now() % 100_000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Harm that is done when a third of the operations are through; resolves when it is over. */
export const harms = {
  'the target is cut for 20 s': async ({ wire }: Scene) => {
    wire.cut();
    await pause(20_000);
    wire.mend();
  },
  'Causeway is killed': async ({ causeway }: Scene) => {
    await causeway.kill();
    await pause(1000);
    await causeway.start();
  },
  'nats-server is killed': async ({ world }: Scene) => {
    await world.embedded.nats.kill();
    await pause(2000);
    await world.embedded.nats.start();
  },
  'the target MinIO is killed': async ({ world }: Scene) => {
    const west = world.embedded.sites[1]?.server;
    await west?.kill();
    await pause(2000);
    await west?.start();
  },
  'the whole JetStream store is deleted': async ({ world }: Scene) => {
    await world.embedded.nats.kill();
    await rm(join(world.dir, 'nats', 'jetstream'), { recursive: true });
    await world.embedded.nats.start();
  },
} satisfies Record<string, (scene: Scene) => Promise<void>>;

export async function survive(harm: keyof typeof harms): Promise<{ versions: number; tookMs: number }> {
  const world = await startWorld(['east', 'west'], [{ name: 'photos' }]);
  const [, west] = world.embedded.sites;
  if (!west) throw new Error('there is no site west');
  const wire = await wireTo(west.server.host, west.server.port);
  const text = documents(world.embedded, 'photos', new Map([['west', wire.endpoint]]));
  const causeway = await causewayUp(world.dir, world.embedded, text);
  try {
    let harming: Promise<void> | undefined;
    const clients = new Map(
      world.embedded.sites.map(({ name, server }) => [name, rootClient(server, { maxAttempts: 1 })]),
    );
    const model = await runWorkload({
      seed,
      operations: 1500,
      bucket: 'photos',
      clients,
      onOperation: (done) => {
        if (done >= 500) harming ??= harms[harm]({ world, causeway, wire });
      },
    });
    await harming;
    const stores = [world.store('east'), world.store('west')];
    const tookMs = await agreement(stores, 'photos', model, 60_000);
    return { versions: model.versions.size, tookMs };
  } finally {
    await causeway.stop();
    await wire.close();
    await world.stop();
  }
}
