/** A source with a history (versions, markers, tags, sizes of all kinds): how fast is all of it at the other side? */
import { setTimeout as sleep } from 'node:timers/promises';
import { compareSides } from './comparison.ts';
import { bodies } from './content.ts';
import { cpuEach } from './cpu.ts';
import { objectNames, offer, removeLatest } from './objects.ts';
import { watch } from './observer.ts';
import { processesOf, type Scenario, type Trial } from './scenario.ts';

const KIBIBYTE = 1024;
const pauseMs = 250;
/** Every so many keys have a second version, and every so many of those are deleted. */
const [versionedEvery, deletedEvery] = [5, 25] as const;

const walkEverySeconds = 5;

export const mixed: Scenario = {
  name: 'mixed',
  summary:
    'a source with versions, delete markers, tags and objects of 0 to 256 KiB: how fast does all get there?',
  peers: ['minio-replication'],
  defaults: {
    ...{ objects: 5000, objectBytes: 256 * KIBIBYTE, content: 'random-sizes', ratePerSecond: 0 },
    ...{ rttMs: 100, limitMs: 300_000, walkEverySeconds },
  },
  quick: { objects: 500 },
  figures: [
    { name: 'arrived', unit: 'versions/s', better: 'higher', digits: 1 },
    { name: 'CPU a version', unit: 'ms', better: 'lower', digits: 2 },
  ],
  async round({ plan, stage, product, cpu, signal, cleanup }) {
    const { target, bucket } = stage;
    const { objects } = plan;
    const names = objectNames('mixed', objects);
    const versions = await write({ plan, stage, signal }, names);
    // Old enough for a walk: nobody else tells of what was there before.
    await sleep((walkEverySeconds + 1) * 1000, undefined, { signal });
    const prepared = await product.prepare(stage);
    cleanup.defer(() => prepared.stop());
    await cpu.start(processesOf(stage, prepared));
    const began = Date.now();
    const giveUpAt = (): number => began + plan.limitMs;
    const watched = { site: target, bucket, names, pauseMs, beyondGaps: false, giveUpAt, signal };
    const [{ missing, resolutionMs }] = await Promise.all([watch(watched), prepared.catchUp()]);
    let last = Date.now();
    let { differences } = await compareSides(stage);
    while (Object.keys(differences).length > 0 && Date.now() < giveUpAt()) {
      await sleep(pauseMs, undefined, { signal });
      last = Date.now();
      ({ differences } = await compareSides(stage));
    }
    const cpuMs = await cpu.used(processesOf(stage, prepared));
    const late = Object.values(differences).reduce((sum, count) => sum + count, 0);
    const figures = {
      arrived: ((versions - late) * 1000) / (last - began),
      ...(cpuMs && { 'CPU a version': cpuEach(cpuMs, versions - late) }),
    };
    return { figures, missing: Math.max(missing, late), resolutionMs, cpuMs };
  },
};

/** Returns how many versions there are. */
async function write(
  { plan, stage, signal }: Pick<Trial, 'plan' | 'stage' | 'signal'>,
  names: readonly string[],
): Promise<number> {
  const { source: site, bucket } = stage;
  const given = { site, bucket, bodyOf: bodies(plan), ratePerSecond: 0, signal };
  await offer({ ...given, names });
  const twice = names.filter((_, index) => index % versionedEvery === 0);
  await offer({ ...given, names: twice });
  const deleted = names.filter((_, index) => index % deletedEvery === 0);
  await removeLatest({ site, bucket, names: deleted, signal });
  return names.length + twice.length + deleted.length;
}
