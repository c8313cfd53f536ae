/** One link at work: two workers behind one gate, events and the walk, so that neither waits for the other. */
import { hostname } from 'node:os';
import { scanDue } from '../../events/sources/schedule.ts';
import type { FunctionDefinition } from '../../functions/define.ts';
import { messageOf } from '../../functions/errors.ts';
import { functions as ownFunctions } from '../../functions/index.ts';
import type { Clock, Link } from '../../functions/ports.ts';
import type { Bus } from '../bus/connection.ts';
import { createFeed } from '../bus/feed.ts';
import { countLedger } from '../bus/ledger-bucket.ts';
import { acksWithinMs, ackWaitMs, scanConsumer, streamNames } from '../bus/streams.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import { every } from './every.ts';
import { createGate } from './gate.ts';
import { route } from './invoke.ts';
import { startLinkWorker } from './link-worker.ts';
import { type LinkStatus, linkStatus } from './status.ts';
import type { World } from './world.ts';

export interface RunningLinkOptions {
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Events that it works on at a time. */
  readonly concurrency: number;
  /** How long a small version may wait for others to go in a stack with it. */
  readonly gatherMs?: number | undefined;
  /** By default the functions themselves, in this process. */
  readonly functions?: readonly FunctionDefinition[];
  /** A slice of the walk could not be announced: it is the next one's work. */
  onUnannounced(link: string, reason: string): void;
}

export interface RunningLink {
  status(): Promise<LinkStatus>;
  /** Stops pulling, lets what runs end, and leaves the rest to whoever runs it next. */
  stop(): Promise<void>;
}

export async function startLink(options: RunningLinkOptions, world: World, link: Link): Promise<RunningLink> {
  const { bus, telemetry, concurrency, gatherMs, clock, functions = ownFunctions } = options;
  const stopping = new AbortController();
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
    startLinkWorker({
      ...shared,
      concurrency,
      gatherMs,
      feed: createFeed(bus, streamNames.events, link.id, { acksWithinMs }),
    }),
    startLinkWorker({
      ...shared,
      concurrency: 1,
      feed: createFeed(bus, streamNames.events, scanConsumer(link.id)),
    }),
  ]);
  every(link.scanEveryMs, stopping.signal, clock, async () => {
    await world.log.publish([{ event: scanDue(link.id, link.scanEveryMs, clock.now()) }]).catch((error) => {
      if (!stopping.signal.aborted) options.onUnannounced(link.id, messageOf(error));
    });
  });
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
      stopping.abort(new Error('stopping'));
      await Promise.all([events.stop(), walk.stop()]);
    },
  };
}
