/** A source that was filled before anything ran: how long until the target has it all? */
import { bodies } from './content.ts';
import { cpuEach } from './cpu.ts';
import { objectNames, offer } from './objects.ts';
import { watch } from './observer.ts';
import { requestsAt } from './requests.ts';
import { type Figure, processesOf, type Scenario } from './scenario.ts';

const pauseMs = 100;
/** What is younger than a walk's interval may be on its way by an event, and is left to it. */
const ageMs = 3_600_000;

const rate: Figure = { name: 'arrived', unit: 'objects/s', better: 'higher', digits: 1 };
const first: Figure = { name: 'first arrival', unit: 's', better: 'lower', digits: 2 };
const cpuFigure: Figure = { name: 'CPU an object', unit: 'ms', better: 'lower', digits: 2 };
const wireFigure: Figure = {
  name: 'bytes on the wire',
  unit: 'bytes a byte of content',
  better: 'lower',
  digits: 2,
};

const requestsFigure: Figure = {
  name: 'requests to the target',
  unit: 'an object',
  better: 'lower',
  digits: 3,
};

export const backlog: Scenario = {
  name: 'backlog',
  summary: 'versions that existed before: how fast do they get there? (first walk; mc replicate resync)',
  peers: ['minio-replication', 'rclone', 'rclone-tuned', 'mc-mirror'],
  defaults: { objects: 10_000, objectBytes: 1024, ratePerSecond: 0, limitMs: 120_000 },
  quick: { objects: 1000, limitMs: 15_000 },
  figures: [rate, first, cpuFigure, wireFigure, requestsFigure],
  async round({ plan, stage, product, cpu: meter, signal, cleanup }) {
    const { source, target, bucket } = stage;
    const names = objectNames('backlog', plan.objects);
    const offered = await offer({
      site: source,
      bucket,
      names,
      bodyOf: bodies(plan),
      ratePerSecond: 0,
      ageMs,
      signal,
    });
    const prepared = await product.prepare(stage);
    cleanup.defer(() => prepared.stop());
    await meter.start(processesOf(stage, prepared));
    const askedBefore = await requestsAt(target);
    const began = Date.now();
    const giveUpAt = () => began + plan.limitMs;
    const [{ sightings, missing, resolutionMs, requests, crossed, ended }] = await Promise.all([
      watch({
        site: target,
        bucket,
        names,
        pauseMs,
        // What counts is when the last one arrives: to look beyond the first gap would only burden the target.
        beyondGaps: false,
        giveUpAt,
        signal,
      }).then(async (seen) => ({ ...seen, ended: Date.now(), crossed: await stage.wire.passed() })),
      prepared.catchUp(),
    ]);
    const seen = sightings.map((sighting) => sighting.seen);
    if (missing === 0) await prepared.settled(signal);
    const cpuMs = await meter.used(processesOf(stage, prepared));
    const tookMs = (missing > 0 ? ended : Math.max(...seen)) - began;
    const asked = (await requestsAt(target)) - askedBefore - requests;
    await stage.wire.cut();
    // A slow peer may be stopped before it has sent all: what had crossed by then, for what had arrived.
    const passed = missing > 0 ? crossed : await stage.wire.passed();
    const bytes = (offered.bytes * seen.length) / plan.objects;
    const figures = {
      arrived: (seen.length * 1000) / tookMs,
      ...(seen.length > 0 && {
        'bytes on the wire': passed / bytes,
        'requests to the target': asked / seen.length,
        'first arrival': (Math.min(...seen) - began) / 1000,
        ...(cpuMs && { 'CPU an object': cpuEach(cpuMs, seen.length) }),
      }),
    };
    return { figures, missing, resolutionMs, cpuMs };
  },
};

export const cpu: Scenario = {
  ...backlog,
  name: 'cpu',
  summary: 'the same at no round trip: how much CPU time does it take, all processes together?',
  defaults: { ...backlog.defaults, rttMs: 0 },
  figures: [cpuFigure, rate, first, wireFigure, requestsFigure],
};

const MEBIBYTE = 1024 * 1024;

export const dedup: Scenario = {
  ...backlog,
  name: 'dedup',
  summary: '1 GiB that existed before, of which 80 % repeats: how many bytes cross the link?',
  peers: ['minio-replication', 'rclone', 'rclone-tuned', 'mc-mirror'],
  defaults: {
    ...{ objects: 260, objectBytes: 7 * MEBIBYTE, content: 'repeats', ratePerSecond: 0 },
    ...{ rttMs: 50, limitMs: 300_000 },
  },
  quick: { objects: 50 },
  figures: [wireFigure, requestsFigure, rate, first, cpuFigure],
};

export const wanBytes: Scenario = {
  ...backlog,
  name: 'wan-bytes',
  summary: 'JSON of 1 to 16 KiB that existed before: how many bytes cross the link?',
  defaults: { ...backlog.defaults, content: 'json', objectBytes: 16 * 1024, rttMs: 100 },
  figures: [wireFigure, requestsFigure, rate, first, cpuFigure],
};
