/** One source and several targets: is each version read once for all of them, and does each get it as fast as one alone? */
import { bodies } from './content.ts';
import { cpuEach } from './cpu.ts';
import { objectNames, offer } from './objects.ts';
import { type Observation, watch } from './observer.ts';
import { requestsAt } from './requests.ts';
import { type Figure, processesOf, type Rule, type Scenario, type Trial } from './scenario.ts';

const pauseMs = 20;

const rate: Figure = { name: 'arrived at each target', unit: 'objects/s', better: 'higher', digits: 1 };
const share: Figure = { name: "of a single link's rate", unit: 'ratio', better: 'higher', digits: 2 };
const reads: Figure = { name: 'source reads a version', unit: 'GETs', better: 'lower', digits: 2 };
const cpu: Figure = { name: 'CPU an object and target', unit: 'ms', better: 'lower', digits: 2 };

export const fanOut: Scenario = {
  name: 'fan-out',
  summary:
    'objects are written for several targets: how often are they read, and how fast does each target get them?',
  peers: ['minio-replication'],
  defaults: {
    objects: 2000,
    objectBytes: 16 * 1024,
    ratePerSecond: 0,
    rttMs: 50,
    limitMs: 120_000,
    targets: 4,
  },
  quick: { objects: 300, limitMs: 60_000 },
  figures: [rate, share, reads, cpu],
  async round(trial) {
    const { plan, stage, product, cleanup } = trial;
    const prepared = await product.prepare(stage);
    cleanup.defer(() => prepared.stop());
    await prepared.run();
    const [all, single] = stage.rules;
    if (!all || !single) throw new Error('there is but one target');
    const alone = await flow(trial, single);
    await trial.cpu.start(processesOf(stage, prepared));
    const readsBefore = await requestsAt(stage.source, 'GetObject');
    const together = await flow(trial, all);
    if (together.missing === 0) await prepared.settled(trial.signal);
    const cpuMs = await trial.cpu.used(processesOf(stage, prepared));
    const arrived = plan.objects * all.targets.length - together.missing;
    // MinIO's own replication reads beneath its S3 interface, where nothing counts.
    const isCounted = product.name === 'causeway';
    const figures = {
      [rate.name]: together.rate,
      [share.name]: together.rate / alone.rate,
      ...(isCounted && {
        [reads.name]: ((await requestsAt(stage.source, 'GetObject')) - readsBefore) / plan.objects,
      }),
      ...(cpuMs && arrived > 0 && { [cpu.name]: cpuEach(cpuMs, arrived) }),
    };
    const missing = together.missing + alone.missing;
    return { figures, missing, resolutionMs: together.resolutionMs, cpuMs };
  },
};

interface Flow {
  /** Objects a second, at the target that had them last. */
  readonly rate: number;
  readonly missing: number;
  readonly resolutionMs: number;
}

async function flow({ plan, stage, signal }: Trial, { bucket, targets }: Rule): Promise<Flow> {
  const names = objectNames('fan-out', plan.objects);
  const { ratePerSecond, limitMs } = plan;
  const began = Date.now();
  const giveUpAt = (): number => began + limitMs;
  const offering = offer({ site: stage.source, bucket, names, bodyOf: bodies(plan), ratePerSecond, signal });
  const watching = targets.map(({ target: site }) =>
    watch({ site, bucket, names, pauseMs, beyondGaps: true, giveUpAt, signal }),
  );
  const [, ...seen] = await Promise.all([offering, ...watching]);
  return {
    rate: Math.min(...seen.map((one) => rateOf(one, began, limitMs))),
    missing: seen.reduce((sum, { missing }) => sum + missing, 0),
    resolutionMs: Math.max(...seen.map(({ resolutionMs }) => resolutionMs)),
  };
}

function rateOf({ sightings, missing }: Observation, began: number, limitMs: number): number {
  const last = missing > 0 ? began + limitMs : Math.max(...sightings.map(({ seen }) => seen));
  return (sightings.length * 1000) / (last - began);
}
