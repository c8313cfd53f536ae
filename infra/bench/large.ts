/** A few large objects are written, in parts as clients do: how long until they are at the other side? */
import { cpuEach } from './cpu.ts';
import { offerInParts } from './large-objects.ts';
import { objectNames } from './objects.ts';
import { watchOffering } from './observer.ts';
import { processesOf, type Scenario } from './scenario.ts';

const MEBIBYTE = 1024 * 1024;
const pauseMs = 50;

export const large: Scenario = {
  name: 'large',
  summary: 'a few large objects are written in parts: how fast do they cross?',
  peers: ['minio-replication'],
  defaults: { objects: 8, objectBytes: 256 * MEBIBYTE, ratePerSecond: 0, rttMs: 50, limitMs: 300_000 },
  quick: { objects: 4, objectBytes: 64 * MEBIBYTE },
  figures: [
    { name: 'crossed', unit: 'MiB/s', better: 'higher', digits: 1 },
    { name: 'of the link', unit: '%', better: 'higher', digits: 0 },
    { name: 'after the last PUT', unit: 's', better: 'lower', digits: 2 },
    { name: 'CPU an object', unit: 'ms', better: 'lower', digits: 0 },
  ],
  async round({ plan, stage, product, cpu, signal, cleanup }) {
    const { source, target, bucket } = stage;
    const prepared = await product.prepare(stage);
    cleanup.defer(() => prepared.stop());
    await prepared.run();
    await cpu.start(processesOf(stage, prepared));
    const names = objectNames('large', plan.objects);
    const at = { bucket, names, signal };
    const offering = offerInParts({ site: source, ...at, bytes: plan.objectBytes });
    const { offered, sightings, missing, resolutionMs, gaveUpAt } = await watchOffering(
      offering,
      plan.limitMs,
      { site: target, ...at, pauseMs },
    );
    const cpuMs = await cpu.used(processesOf(stage, prepared));
    const last = missing > 0 ? gaveUpAt : Math.max(...sightings.map(({ seen }) => seen));
    const perSecond = (sightings.length * plan.objectBytes * 1000) / (last - offered.began);
    const { linkBytesPerSecond: most } = plan;
    const figures = {
      crossed: perSecond / MEBIBYTE,
      ...(most !== undefined && { 'of the link': (100 * perSecond) / most }),
      'after the last PUT': (last - offered.ended) / 1000,
      ...(cpuMs && { 'CPU an object': cpuEach(cpuMs, plan.objects) }),
    };
    return { figures, missing, resolutionMs, cpuMs };
  },
};
