/** Objects are written at a rate, and each one's way to the target is timed. */
import { bodies } from './content.ts';
import { cpuEach } from './cpu.ts';
import { objectNames, offer } from './objects.ts';
import { watchOffering } from './observer.ts';
import { type Outcome, processesOf, type Scenario, type Trial } from './scenario.ts';
import { quantile } from './statistics.ts';

/** Written first, and not measured: connections and compiled code are there afterwards, whoever needs them. */
const warmUp = 500;
const pauseMs = 10;

const lags = [
  { name: 'lag p50', unit: 'ms', better: 'lower', digits: 0 },
  { name: 'lag p99', unit: 'ms', better: 'lower', digits: 0 },
] as const;
const sustained = { name: 'arrived', unit: 'objects/s', better: 'higher', digits: 1 } as const;
const afterLast = { name: 'after the last PUT', unit: 'ms', better: 'lower', digits: 0 } as const;
const cpu = { name: 'CPU an object', unit: 'ms', better: 'lower', digits: 2 } as const;

export const live: Scenario = {
  name: 'live',
  summary: 'objects are written at a rate: how late does each arrive?',
  peers: ['minio-replication'],
  defaults: { objects: 6000, objectBytes: 1024, ratePerSecond: 100, limitMs: 60_000 },
  quick: { objects: 300, limitMs: 20_000 },
  figures: [...lags, sustained, afterLast, cpu],
  async round(trial) {
    const prepared = await trial.product.prepare(trial.stage);
    trial.cleanup.defer(() => prepared.stop());
    await prepared.run();
    await flow(trial, 'a-warm-up', warmUp);
    const processes = processesOf(trial.stage, prepared);
    await trial.cpu.start(processes);
    const outcome = await flow(trial, 'live', trial.plan.objects);
    if (outcome.missing === 0) await prepared.settled(trial.signal);
    const cpuMs = await trial.cpu.used(processes);
    const arrived = trial.plan.objects - outcome.missing;
    if (cpuMs === undefined || arrived === 0) return outcome;
    return { ...outcome, cpuMs, figures: { ...outcome.figures, 'CPU an object': cpuEach(cpuMs, arrived) } };
  },
};

export const burst: Scenario = {
  ...live,
  name: 'burst',
  summary: 'objects are written as fast as the source takes them: when is the last one there?',
  defaults: { objects: 5000, objectBytes: 1024, ratePerSecond: 0, rttMs: 200, limitMs: 120_000 },
  quick: { objects: 500, limitMs: 20_000 },
  figures: [afterLast, sustained, ...lags, cpu],
};

async function flow({ plan, stage, signal }: Trial, folder: string, count: number): Promise<Outcome> {
  const { source, target, bucket } = stage;
  const names = objectNames(folder, count);
  const { ratePerSecond, limitMs } = plan;
  const at = { bucket, names, signal };
  const offering = offer({ site: source, ...at, bodyOf: bodies(plan), ratePerSecond });
  const { offered, sightings, missing, resolutionMs, gaveUpAt } = await watchOffering(offering, limitMs, {
    site: target,
    ...at,
    pauseMs,
  });
  const lags = sightings.map(({ modified, seen }) => seen - modified);
  // What never came is at least as late as the round was long.
  lags.push(...Array.from({ length: missing }, () => gaveUpAt - offered.began));
  const last = Math.max(...sightings.map(({ seen }) => seen), offered.ended);
  const figures = {
    'lag p50': quantile(lags, 0.5),
    'lag p99': quantile(lags, 0.99),
    arrived: (sightings.length * 1000) / (last - offered.began),
    'after the last PUT': (missing > 0 ? gaveUpAt : last) - offered.ended,
  };
  return { figures, missing, resolutionMs };
}
