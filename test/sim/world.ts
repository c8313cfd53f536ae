/**
 * One world of one seed: sites, NATS and Causeway processes in memory, a workload and its troubles; and the verdict on
 * what is left once all is quiet.
 */

import { bucketSubject, linkSubject, rawSubject, scheduleSubject } from '../../events/subjects.ts';
import type { FunctionDefinition } from '../../functions/define.ts';
import { functions } from '../../functions/index.ts';
import type { LinkContext } from '../../functions/ports.ts';
import { ackWaitMs, rawConsumer, scanConsumer } from '../../infra/bus/streams.ts';
import { memorySite } from '../../infra/stores/memory-site.ts';
import { createBucket } from './buckets.ts';
import { differences } from './check.ts';
import { describe, drawFaults, type Faults, needsWalk } from './faults.ts';
import { createFindings, type Findings } from './findings.ts';
import { createModel } from './model.ts';
import { createNetwork } from './network.ts';
import { createNotifications, type Sent } from './notifications.ts';
import { type SimProcess, startProcess } from './process.ts';
import { createRandom } from './random.ts';
import { type ConsumerSettings, createStream } from './stream.ts';
import { bucket, type Topology, topologies } from './topology.ts';
import { scheduleTroubles } from './troubles.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { virtualTimers } from './virtual-timers.ts';
import { type Operation, scheduleWorkload, tagging } from './workload.ts';

export interface WorldOptions {
  readonly faults?: Faults;
  readonly topology?: Topology;
  readonly nested?: boolean;
  readonly operations?: number;
  /** What clients never do. */
  readonly without?: readonly Operation[];
  readonly functions?: readonly FunctionDefinition[];
  /** Changes what functions get. */
  readonly amend?: (context: Omit<LinkContext, 'emit'>) => Omit<LinkContext, 'emit'>;
  /** Gets each line of what happens. */
  readonly trace?: (line: string) => void;
}

export interface Report {
  readonly seed: number;
  readonly about: string;
  /** Empty where all is as it must be. */
  readonly wrong: readonly string[];
  readonly findings: Findings;
  /** From the last trouble until all was quiet and equal, in milliseconds. */
  readonly tookMs: number;
}

const begin = Date.parse('2026-01-01T00:00:00Z');
const troubledMs = 60_000;
const longestQuietingMs = 20 * 60_000;
const deadlines = { requestMs: 10_000, putMs: 30_000 };

export async function runWorld(seed: number, options: WorldOptions = {}): Promise<Report> {
  const random = createRandom(`world ${seed}`);
  const topology = options.topology ?? random.pick(weightedTopologies);
  const faults = options.faults ?? drawFaults(random.fork('faults'));
  const nested = options.nested ?? (!needsWalk(faults) && random.chance(0.3));
  const { sites: names, links } = topology;

  const clock = createVirtualClock(begin);
  const trace = (line: () => string): void =>
    options.trace?.(`${((clock.time - begin) / 1000).toFixed(4)} ${line()}`);
  const network = createNetwork(clock, random.fork('network'), faults, trace);
  const stream = createStream(clock, random.fork('stream'), consumersOf(topology), ackWaitMs);
  const notifications = createNotifications({
    clock,
    random: random.fork('notifications'),
    stream,
    faults,
    isNatsDown: () => network.isDown('nats'),
    trace,
  });
  const model = createModel({ restoresAtOrigin: names.length > 2 && faults.siteOutages > 0 });
  const findings = createFindings(trace);

  let sent: Sent[] = [];
  const siteChance = random.fork('sites');
  const sites = names.map((name) => {
    const skew = siteChance.chance(0.3) ? siteChance.between(-1500, 1500) : 0;
    const site = memorySite({
      name,
      now: () => nanoseconds(clock.time + skew),
      newVersionId: siteChance.uuid,
      notify: (notification) => void sent.push(notifications.take(notification)),
    });
    site.makeBucket(bucket, { created: new Date(begin - 3_600_000).toISOString() });
    return site;
  });

  const surroundings = {
    clock,
    random: random.fork('processes'),
    network,
    stream,
    buckets: {
      ledger: createBucket('ledger', clock),
      locks: createBucket('locks', clock),
      walks: createBucket('walks', clock),
      orphans: createBucket('orphans', clock),
      contents: createBucket('contents', clock),
    },
    sites,
    links,
    faults,
    deadlines,
    pageLimit: random.pick([1000, 1000, 7]),
    concurrency: random.pick([64, 64, 2, 1]),
    gatherMs: random.fork('gathering').pick([0, 0, 800, 20_000]),
    functions: options.functions ?? functions,
    meter: findings.meter,
    observer: findings.observer,
    watch: {
      sent: findings.sent,
      // A request that arrives twice by itself, or is sent after a standstill, no lock can help: the walk makes it good.
      violated: faults.sites.twice + faults.pauses > 0 ? () => undefined : findings.violated,
    },
    amend: options.amend ?? ((context) => context),
  };

  const processes: SimProcess[] = [];
  const restarts = random.fork('restarts');
  let started = 0;
  let isCalm = false;
  function start(): void {
    started += 1;
    const process = startProcess(`process${started}`, surroundings);
    processes.push(process);
    trace(() => `${process.life.name} starts`);
    process.life.onCrash(() => {
      trace(() => `${process.life.name} is dead`);
      processes.splice(processes.indexOf(process), 1);
      clock.after(isCalm ? 0 : 20_000 * restarts.next(), () => start());
    });
  }

  function loseStream(): void {
    const awayMs = restarts.between(100, 1500);
    trace(() => `the stream is lost${faults.bucketsLost ? ', and the buckets' : ''}`);
    stream.lose(awayMs);
    model.streamLost(clock.time + awayMs + 300);
    if (faults.bucketsLost) for (const one of Object.values(surroundings.buckets)) one.lose();
  }

  const isQuiet = (): boolean =>
    stream.backlog === 0 &&
    surroundings.buckets.ledger.size === 0 &&
    network.underWay === 0 &&
    notifications.waiting === 0;
  const wrong = (): string[] => [...differences(model, sites, bucket), ...findings.wrong()];

  using _timers = virtualTimers(clock);
  for (let index = 0; index < faults.processes; index += 1) start();
  const losesTags = nested && faults.sites.late + faults.sites.slow > 0;
  scheduleWorkload({
    clock,
    random: random.fork('workload'),
    sites: sites.filter(({ name }) => topology.origins.includes(name)),
    model,
    operations: options.operations ?? 40,
    durationMs: troubledMs,
    nested,
    // A PUT that takes its time brings the tags of its beginning; what no listing shows, the walk does not set right.
    without: options.without ?? (losesTags ? tagging : []),
    writesAtOnce: nested || hasDetours(topology) ? 1 : 2,
    isDown: network.isDown,
    notified() {
      const result = sent;
      sent = [];
      return result;
    },
    trace,
  });
  scheduleTroubles({
    clock,
    random: random.fork('troubles'),
    network,
    faults,
    sites: names,
    durationMs: troubledMs,
    running: () => processes,
    loseStream,
    trace,
  });

  await clock.run(begin + troubledMs);
  isCalm = true;
  network.calm();
  for (const where of [...names, 'nats']) network.down(where, false);
  trace(() => 'the troubles end');

  /** Quiet and right, and still so some walks later. */
  async function settles(): Promise<boolean> {
    const isDone = (): boolean => isQuiet() && wrong().length === 0;
    while (clock.time < begin + troubledMs + longestQuietingMs) {
      await clock.run(clock.time + 1000);
      if (!isDone()) continue;
      await clock.run(clock.time + 40_000);
      for (let turn = 0; turn < 20 && !isQuiet(); turn += 1) await clock.run(clock.time + 500);
      if (isDone()) return true;
    }
    return false;
  }

  const isSettled = await settles();
  const tookMs = clock.time - begin - troubledMs;
  const loud = isQuiet()
    ? []
    : [`not quiet: ${stream.backlog} events, ${surroundings.buckets.ledger.size} in the ledger`];
  return {
    seed,
    about: [topology.name, ...(nested ? ['nested keys'] : []), ...describe(faults)].join(', '),
    wrong: isSettled ? [] : [...wrong(), ...loud],
    findings,
    tookMs,
  };
}

const { pair, oneWay, chain, mesh, path } = topologies;
const weightedTopologies = [pair, pair, pair, pair, oneWay, chain, mesh, path];

/** Some site gets versions from another that is not their origin. */
const hasDetours = ({ links }: Topology): boolean => links.some(({ onward }) => onward);

const nanoseconds = (milliseconds: number): bigint => {
  const whole = Math.floor(milliseconds);
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((milliseconds - whole) * 1_000_000));
};

function consumersOf({ sites, links }: Topology): ConsumerSettings[] {
  return [
    ...sites.map((site) => ({ name: rawConsumer(site), filters: [rawSubject(site)], maxHeld: 512 })),
    ...links.flatMap(({ id, source }) => [
      { name: id, filters: [bucketSubject(source.site, source.bucket), linkSubject(id)], maxHeld: 512 },
      { name: scanConsumer(id), filters: [scheduleSubject(id)], maxHeld: 1 },
    ]),
  ];
}
