/**
 * The real functions and host in thousands of worlds that have sites, NATS, clocks and processes in memory, where
 * everything goes wrong by seed: once all is quiet again, every site must hold what clients were told, to the last
 * field. CAUSEWAY_SIM_SEEDS says how many worlds; CAUSEWAY_SIM_SEED runs one, and prints all that happens in it.
 */
import { describe, expect, test } from 'vitest';
import { done, type FunctionDefinition } from '../../functions/define.ts';
import { functions } from '../../functions/index.ts';
import type { LinkContext } from '../../functions/ports.ts';
import { noFaults, type RequestFaults } from './faults.ts';
import { topologies } from './topology.ts';
import { marking, tagging } from './workload.ts';
import { type Report, runWorld, type WorldOptions } from './world.ts';

const only = process.env.CAUSEWAY_SIM_SEED;
const seeds = Number(process.env.CAUSEWAY_SIM_SEEDS ?? 1_500);
const timeout = 20_000 + seeds * 500;
/** Of a trace, what fits into an error. */
const tellingLines = 150;

/** What is wrong in a world, with what happened to whatever is. */
async function explain({ seed, about, wrong }: Report, options: WorldOptions): Promise<string> {
  const trace: string[] = [];
  await runWorld(seed, { ...options, trace: (line) => trace.push(line) });
  const named = wrong.flatMap((line) => line.match(/[0-9a-f]{8}/g) ?? []);
  const telling = trace.filter((line) => named.some((name) => line.includes(name)));
  return [
    `seed ${seed}: ${about}`,
    ...wrong.map((line) => `  ${line}`),
    'what happened to them:',
    ...telling.slice(0, tellingLines).map((line) => `  ${line}`),
    `all of it: CAUSEWAY_SIM_SEED=${seed} npx vitest run --config test/vitest.config.ts test/sim`,
  ].join('\n');
}

/** The first world that ends wrong. */
async function firstWrong(count: number, options: WorldOptions = {}): Promise<Report | undefined> {
  for (let seed = 1; seed <= count; seed += 1) {
    const report = await runWorld(seed, options);
    if (report.wrong.length > 0) return report;
    // Everything else in this process has its turn.
    await new Promise(setImmediate);
  }
  return undefined;
}

describe.runIf(only !== undefined)('one world', () => {
  test(`of seed ${only}`, { timeout }, async () => {
    const report = await runWorld(Number(only), { trace: (line) => console.log(line) });
    console.log(report.about);

    expect(report.wrong).toEqual([]);
  });
});

describe.skipIf(only !== undefined)('simulation', () => {
  test(`${seeds} worlds end as clients were told`, { timeout }, async () => {
    const wrong = await firstWrong(seeds);

    if (wrong) expect.fail(await explain(wrong, {}));
  });

  test('a seed is a world: it happens again in the same way', async () => {
    const traces: string[][] = [[], []];
    for (const trace of traces) await runWorld(7, { trace: (line) => trace.push(line) });

    expect(traces[0]?.length).toBeGreaterThan(100);
    expect(traces[1]).toEqual(traces[0]);
  });

  test.for(Object.values(topologies))(
    'a calm $name: each version crosses once, and the walk finds nothing to do',
    { timeout: 60_000 },
    async (topology) => {
      for (let seed = 1; seed <= 20; seed += 1) {
        const options = { topology, faults: noFaults, nested: seed % 2 === 0, without: tagging };
        const { wrong, findings } = await runWorld(seed, options);

        expect({ seed, wrong, restored: findings.restored, resent: findings.resent }).toEqual({
          seed,
          wrong: [],
          restored: 0,
          resent: [],
        });
      }
    },
  );
});

/** Worlds in which nothing but requests to the sites fails. */
const troubled = (sites: Partial<RequestFaults>): WorldOptions => ({
  topology: topologies.pair,
  nested: false,
  faults: { ...noFaults, sites: { ...noFaults.sites, ...sites }, processes: 2 },
});

describe.skipIf(only !== undefined)('the simulation catches', { timeout: 120_000 }, () => {
  test('delete markers made without the right to their key', async () => {
    const options = troubled({ late: 0.05, unanswered: 0.05 });
    const held = { signal: new AbortController().signal, release: async () => undefined };
    const amend = (context: Omit<LinkContext, 'emit'>) => ({
      ...context,
      locks: { acquire: async () => held },
    });

    expect((await firstWrong(100, options))?.wrong).toBeUndefined();
    expect((await firstWrong(100, { ...options, amend }))?.wrong).toBeDefined();
  });

  test('purges that are not made once more when the last PUT has ended', async () => {
    // Of nested keys no listing tells what is left over.
    const options = { ...troubled({ late: 0.1 }), nested: true, without: [...tagging, ...marking] };
    const careless = functions.map(
      (definition: FunctionDefinition): FunctionDefinition => ({
        ...definition,
        handle: async (event, context) =>
          'notBefore' in event.data ? done('not looked at again') : definition.handle(event, context),
      }),
    );

    expect((await firstWrong(100, options))?.wrong).toBeUndefined();
    expect((await firstWrong(100, { ...options, functions: careless }))?.wrong).toBeDefined();
  });
});
