/** One Causeway process: the real host and functions, wired to the world in memory. */
import { scanDue } from '../../events/sources/schedule.ts';
import type { FunctionDefinition } from '../../functions/define.ts';
import type { Deadlines, Link, LinkContext, Meter, ObjectStore } from '../../functions/ports.ts';
import { createContentIndex } from '../../infra/bus/content-index.ts';
import { createDeadLetters } from '../../infra/bus/dead-letters.ts';
import { createKeyLocks } from '../../infra/bus/key-locks.ts';
import { createLedger } from '../../infra/bus/ledger.ts';
import { ackWaitMs, rawConsumer, scanConsumer } from '../../infra/bus/streams.ts';
import { createOrphanMemory } from '../../infra/bus/walk-memory.ts';
import { createEntrance } from '../../infra/host/entrance.ts';
import { createGate } from '../../infra/host/gate.ts';
import { startIntake } from '../../infra/host/intake.ts';
import { route } from '../../infra/host/invoke.ts';
import { type Observer, startLinkWorker } from '../../infra/host/link-worker.ts';
import type { MemorySite } from '../../infra/stores/memory-site.ts';
import { noUploads } from '../contract/hosts/uploads.ts';
import { type SimBucket, viewOf } from './buckets.ts';
import type { Faults } from './faults.ts';
import { ledgerBucketOf } from './ledger.ts';
import { createLife, type Life } from './life.ts';
import { deliverTo, feedOf, logOf, walkMemoryOf } from './nats.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import { accessTo, type Watch } from './site-access.ts';
import type { SimStream } from './stream.ts';
import type { VirtualClock } from './virtual-clock.ts';

export const bucketNames = ['ledger', 'locks', 'walks', 'orphans', 'contents'] as const;

/** What all processes of a world share. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  readonly stream: SimStream;
  readonly buckets: Readonly<Record<(typeof bucketNames)[number], SimBucket>>;
  readonly sites: readonly MemorySite[];
  readonly links: readonly Link[];
  readonly faults: Faults;
  readonly deadlines: Deadlines;
  readonly pageLimit: number;
  /** Little of it makes events wait, and go in stacks. */
  readonly concurrency: number;
  readonly gatherMs: number;
  readonly functions: readonly FunctionDefinition[];
  readonly meter: Meter;
  readonly observer: Observer;
  readonly watch: Watch;
  /** Changes what functions get, to show that the simulation would notice. */
  readonly amend: (context: Omit<LinkContext, 'emit'>) => Omit<LinkContext, 'emit'>;
}

export interface SimProcess {
  readonly life: Life;
  /** As a process ends that is asked to. */
  stop(): Promise<void>;
}

export function startProcess(name: string, world: Surroundings): SimProcess {
  const { clock, network, stream, buckets, faults, random, deadlines } = world;
  const life = createLife(name, clock);
  const processClock = clock.of(life);
  const deliver = deliverTo(network, life);
  const log = logOf(stream, deliver);
  const kv = {
    locks: viewOf(buckets.locks, deliver),
    orphans: viewOf(buckets.orphans, deliver),
    contents: viewOf(buckets.contents, deliver),
  };
  const ledger = createLedger(ledgerBucketOf(buckets.ledger, deliver), log, processClock);
  const deadLetters = createDeadLetters(log, processClock);
  const locks = createKeyLocks(kv.locks, {
    clock: processClock,
    requestMs: deadlines.requestMs,
    madeAt: () => deliver('info', 'locks', () => buckets.locks.madeAt),
  });
  const contents = createContentIndex({
    get: async (record) => (await kv.contents.get(record))?.string(),
    put: async (record, value) => void (await kv.contents.put(record, value)),
  });
  const access = { ...world, life, garbled: faults.sites.garbled };
  const stores = new Map(world.sites.map((site) => [site.name, accessTo(site, access)]));
  const stopping = new AbortController();
  const latency = (): number => 0.2 + 3 * random.next();
  const loses = (): boolean => network.happens(faults.ackLost);
  const feed = (consumer: string) => feedOf({ stream, consumer, life, clock, deliver, latency, loses });

  const storeAt = (site: string): ObjectStore => {
    const store = stores.get(site);
    if (!store) throw new RangeError(`no site ${site}`);
    return store;
  };

  function contextOf(link: Link): Omit<LinkContext, 'emit'> {
    return world.amend({
      link,
      source: storeAt(link.source.site),
      target: storeAt(link.target.site),
      site: (at) => stores.get(at),
      locks,
      walks: walkMemoryOf(stream, buckets.walks, buckets.ledger, deliver),
      orphans: createOrphanMemory(kv.orphans),
      // Sites in memory take every version in one piece.
      uploads: noUploads,
      retries: ledger,
      contents,
      clock: processClock,
      meter: world.meter,
      deadlines,
    });
  }

  async function announceScans(link: Link): Promise<void> {
    while (!stopping.signal.aborted) {
      const due = scanDue(link.id, link.scanEveryMs, processClock.now());
      await log.publish([{ event: due }]).catch(() => undefined);
      await processClock.sleep(link.scanEveryMs, stopping.signal);
    }
  }

  function startLink(link: Link) {
    announceScans(link).catch(() => undefined);
    const shared = {
      route: route(world.functions),
      context: contextOf(link),
      settlement: { log, ledger, deadLetters, clock: processClock },
      gate: createGate(processClock, () => undefined),
      observer: world.observer,
      workingEveryMs: ackWaitMs / 3,
      random: random.next,
    };
    return [
      startLinkWorker({
        ...shared,
        concurrency: world.concurrency,
        gatherMs: world.gatherMs,
        feed: feed(link.id),
      }),
      startLinkWorker({ ...shared, concurrency: 1, feed: feed(scanConsumer(link.id)) }),
    ];
  }

  const entrance = createEntrance(log, 100);
  const intakes = world.sites.map(({ name: site }) => {
    const observer = { eventIn: () => undefined, ignored: () => undefined, refused: () => undefined };
    return startIntake({ site, feed: feed(rawConsumer(site)), entrance, deadLetters, observer });
  });
  const workers = world.links.flatMap(startLink);

  return {
    life,
    async stop() {
      stopping.abort(new Error('stopping'));
      const closed = Promise.all([
        ...intakes.map(async (intake) => (await intake).close()),
        ...workers.map(async (worker) => (await worker).stop()),
      ]);
      await Promise.race([closed, processClock.sleep(10_000)]);
      life.crash();
    },
  };
}
