/** Composition: everything that `up` runs in one process, from the links to their workers. */
import { hostname } from 'node:os';
import { scanDue } from '../../events/sources/schedule.ts';
import type { FunctionDefinition } from '../../functions/define.ts';
import { messageOf } from '../../functions/errors.ts';
import { functions as ownFunctions } from '../../functions/index.ts';
import type { Clock, Link } from '../../functions/ports.ts';
import { createFeed } from '../bus/feed.ts';
import { countLedger } from '../bus/ledger-bucket.ts';
import { whyNotStoring } from '../bus/storing.ts';
import { ackWaitMs, scanConsumer, streamNames } from '../bus/streams.ts';
import { keepStreams } from '../bus/upkeep.ts';
import type { Logger } from '../telemetry/log.ts';
import { atMost } from './at-most.ts';
import { createGate } from './gate.ts';
import type { Intake } from './intake.ts';
import { startIntakes } from './intakes.ts';
import { route } from './invoke.ts';
import { startLinkWorker } from './link-worker.ts';
import { type LinkStatus, linkStatus, writeStatus } from './status.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

export interface DeploymentOptions extends WorldOptions {
  /** Events that one link works on at a time. */
  readonly concurrency: number;
  readonly logger: Logger;
  /** By default the functions themselves, in this process. */
  readonly functions?: readonly FunctionDefinition[];
}

export interface Deployment {
  readonly world: World;
  /** What takes notifications; whoever hears them by another way hands them in here. */
  readonly intake: Intake;
  /** What each link is doing now. */
  status(): Promise<LinkStatus[]>;
  /** Stops pulling, lets what runs end (ten seconds at most), and leaves the rest to the next process. */
  stop(): Promise<void>;
}

const guardEveryMs = 1000;
const statusEveryMs = 2000;
const storingEveryMs = 60_000;
const drainMs = 10_000;

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { bus, links, stores, logger, clock } = options;
  const world = await openWorld(options);
  const stopping = new AbortController();
  const running = await Promise.all(links.map((link) => startLink(options, world, link)));
  const intakes = await startIntakes({ ...options, world });
  const status = () => Promise.all(running.map((link) => link.status()));

  /** While it stops, what fails is no news. */
  const warn = (about: object, words: string): void => {
    if (!stopping.signal.aborted) logger.warn(about, words);
  };
  keepStreams(
    bus,
    { links, sites: [...stores.keys()] },
    {
      ...{ clock, everyMs: guardEveryMs, signal: stopping.signal, streams: options.streams },
      onTrouble: (reason) => warn({ reason }, 'whether the streams are there could not be made sure'),
    },
  ).catch(() => undefined);
  every(statusEveryMs, stopping.signal, clock, async () => {
    const written = await status().catch(() => []);
    // Whoever asks meanwhile sees the entries expire.
    await Promise.all(written.map((entry) => writeStatus(world.statusBucket, entry))).catch(() => undefined);
  });
  every(storingEveryMs, stopping.signal, clock, async () => {
    const reason = await whyNotStoring(bus);
    if (reason) warn({ reason }, 'changes are found by the walk alone');
  });
  for (const link of links) {
    every(link.scanEveryMs, stopping.signal, clock, async () => {
      // A slice that could not be announced is the next one's work.
      await world.log.publish([{ event: scanDue(link.id, link.scanEveryMs, clock.now()) }]).catch((error) => {
        warn({ link: link.id, reason: messageOf(error) }, 'a slice of the walk was not announced');
      });
    });
  }

  return {
    world,
    intake: intakes.intake,
    status,
    async stop() {
      stopping.abort(new Error('stopping'));
      const closed = Promise.all([intakes.close(), ...running.map((link) => link.stop())]);
      await atMost(clock, drainMs, closed);
    },
  };
}

interface RunningLink {
  status(): Promise<LinkStatus>;
  stop(): Promise<void>;
}

/** Two workers behind one gate: events, and the walk, so that neither waits for the other. */
async function startLink(options: DeploymentOptions, world: World, link: Link): Promise<RunningLink> {
  const { bus, telemetry, concurrency, clock, functions = ownFunctions } = options;
  const gate = createGate(clock, (state) => telemetry.state(link.id, state));
  const shared = {
    route: route(functions),
    context: world.contextOf(link),
    settlement: { ...world, clock },
    gate,
    observer: telemetry.observer,
    workingEveryMs: ackWaitMs / 3,
    random: Math.random,
  };
  const [events, walk] = await Promise.all([
    startLinkWorker({ ...shared, concurrency, feed: createFeed(bus, streamNames.events, link.id) }),
    startLinkWorker({
      ...shared,
      concurrency: 1,
      feed: createFeed(bus, streamNames.events, scanConsumer(link.id)),
    }),
  ]);
  let before: LinkStatus | undefined;
  return {
    async status() {
      before = await linkStatus({
        link,
        gate,
        telemetry,
        clock,
        before,
        process: `${hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}-${process.pid}`,
        ledger: () => countLedger(bus, link.id),
        backlog: () => shared.context.walks.backlog(link.id),
        oldest: events.oldest,
      });
      return before;
    },
    async stop() {
      await Promise.all([events.stop(), walk.stop()]);
    },
  };
}

/** Calls `work` now and each `ms` after it ended, until `signal` aborts. */
function every(ms: number, signal: AbortSignal, clock: Clock, work: () => Promise<void>): void {
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await work();
      await clock.sleep(ms, signal);
    }
  };
  // The one rejection is the end of the wait by the signal.
  loop().catch(() => undefined);
}
