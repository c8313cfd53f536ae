/** The link is cut while objects are written: how soon after its return are they all there? */
import { setTimeout as sleep } from 'node:timers/promises';
import { bodies, evenly } from './content.ts';
import { objectNames, offer } from './objects.ts';
import { watch } from './observer.ts';
import type { Product, Scenario, Trial } from './scenario.ts';
import { quantile } from './statistics.ts';

const pauseMs = 20;
/** Cuts fall into different moments of whatever happens at intervals. */
const longestPhaseMs = 3_000;

/** The incumbent takes minutes to come back from each, and it takes a long cut to see that. */
const cutsOf = (product: Product, { isShort }: { readonly isShort: boolean }) =>
  product.name === 'causeway'
    ? { cuts: isShort ? 4 : 20, cutMs: 15_000 }
    : { cuts: isShort ? 1 : 3, cutMs: 60_000 };

export const outage: Scenario = {
  name: 'outage',
  summary: 'the link is cut while objects are written: how soon after its return are they all there?',
  peers: ['minio-replication'],
  defaults: { objects: 1000, objectBytes: 1024, ratePerSecond: 0, rttMs: 50, limitMs: 600_000 },
  quick: { objects: 200 },
  figures: [
    { name: 'all there after the return, p95', unit: 's', better: 'lower', digits: 2 },
    { name: 'first there after the return, p95', unit: 's', better: 'lower', digits: 2 },
  ],
  async round(trial) {
    const { plan, product, stage, signal, cleanup } = trial;
    const { cuts, cutMs } = cutsOf(product, { isShort: plan.objects < outage.defaults.objects });
    const prepared = await product.prepare(stage);
    cleanup.defer(() => prepared.stop());
    await prepared.run();
    const returns: Return[] = [];
    for (let number = 0; number < cuts; number++) {
      signal.throwIfAborted();
      await sleep(evenly(number) * longestPhaseMs, undefined, { signal });
      returns.push(await cutOnce(trial, number, cutMs));
    }
    const figures = {
      'all there after the return, p95': quantile(
        returns.map(({ all }) => all),
        0.95,
      ),
      'first there after the return, p95': quantile(
        returns.map(({ first }) => first),
        0.95,
      ),
    };
    const missing = returns.reduce((sum, one) => sum + one.missing, 0);
    return { figures, missing, resolutionMs: Math.max(...returns.map(({ resolutionMs }) => resolutionMs)) };
  },
};

/** Seconds after the link was there again. */
interface Return {
  readonly all: number;
  readonly first: number;
  readonly missing: number;
  readonly resolutionMs: number;
}

async function cutOnce({ plan, stage, signal }: Trial, number: number, cutMs: number): Promise<Return> {
  const { source, target, bucket, wire } = stage;
  const names = objectNames(`cut-${String(number).padStart(3, '0')}`, plan.objects);
  await wire.cut();
  const ratePerSecond = (plan.objects * 1000) / (0.9 * cutMs);
  const until = sleep(cutMs, undefined, { signal });
  await Promise.all([
    until,
    offer({ site: source, bucket, names, bodyOf: bodies(plan), ratePerSecond, signal }),
  ]);
  await wire.mend();
  const mended = Date.now();
  const giveUpAt = (): number => mended + plan.limitMs;
  const watched = { site: target, bucket, names, pauseMs, beyondGaps: true, giveUpAt, signal };
  const { sightings, missing, resolutionMs } = await watch(watched);
  const seen = sightings.map((sighting) => sighting.seen);
  const last = missing > 0 ? giveUpAt() : Math.max(...seen);
  const first = seen.length > 0 ? Math.min(...seen) : giveUpAt();
  return { all: (last - mended) / 1000, first: (first - mended) / 1000, missing, resolutionMs };
}
