/**
 * Composition: everything that `up` runs in one process, from the links to their workers. It can be changed while it
 * runs: links whose rules and sites stay what they were go on undisturbed.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Link, ObjectStore } from '../../functions/ports.ts';
import { whyNotStoring } from '../bus/storing.ts';
import { ensureStreams } from '../bus/streams.ts';
import { keepStreams } from '../bus/upkeep.ts';
import type { Logger } from '../telemetry/log.ts';
import { atMost } from './at-most.ts';
import { every } from './every.ts';
import type { Intake } from './intake.ts';
import { startIntakes } from './intakes.ts';
import { type RunningLink, type RunningLinkOptions, startLink } from './running-link.ts';
import { type LinkStatus, writeStatus } from './status.ts';
import { createTurns } from './turns.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

export interface DeploymentOptions
  extends WorldOptions,
    Pick<RunningLinkOptions, 'concurrency' | 'gatherMs' | 'functions'> {
  readonly logger: Logger;
  /** Written on its consumers. */
  readonly owner?: string | undefined;
}

/** What is to run: links, and a store for every site that they name. */
export interface Wanted {
  readonly links: readonly Link[];
  readonly stores: ReadonlyMap<string, ObjectStore>;
}

export interface Deployment {
  readonly world: World;
  /** What takes notifications; whoever hears them by another way hands them in here. */
  readonly intake: Intake;
  /** What each link is doing now. */
  status(): Promise<LinkStatus[]>;
  /**
   * Resolves when what is not wanted any more has stopped (ten seconds at most) and what is new has started. A link that
   * is another, or whose site has another store, stops and starts. While NATS is away it is done all the same.
   */
  change(wanted: Wanted): Promise<void>;
  /** Stops pulling, lets what runs end (ten seconds at most), and leaves the rest to the next process. */
  stop(): Promise<void>;
}

const guardEveryMs = 1000;
const statusEveryMs = 2000;
const storingEveryMs = 60_000;
const drainMs = 10_000;

interface Started extends RunningLink {
  readonly link: Link;
  readonly stores: readonly (ObjectStore | undefined)[];
}

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { bus, logger, clock, telemetry } = options;
  const stores = new Map(options.stores);
  let { links } = options;
  /** As it is at each moment. */
  const current = {
    get links() {
      return links;
    },
    get sites() {
      return [...stores.keys()];
    },
    stores,
    owner: options.owner,
  };
  const stopping = new AbortController();
  const inTurn = createTurns();
  /** While it stops, what fails is no news. */
  const warn = (about: object, words: string): void => {
    if (!stopping.signal.aborted) logger.warn(about, words);
  };

  const world = await openWorld({
    ...options,
    stores,
    get links() {
      return links;
    },
  });
  const intakes = await startIntakes({ ...options, stores, world });
  const running = new Map<string, Started>();
  const storesOf = ({ source, target }: Link) => [stores.get(source.site), stores.get(target.site)];
  const startAll = (all: readonly Link[]) =>
    Promise.all(
      all.map(async (link) => {
        const onUnannounced = (id: string, reason: string) =>
          warn({ link: id, reason }, 'a slice of the walk was not announced');
        const started = await startLink({ ...options, onUnannounced }, world, link);
        running.set(link.id, { ...started, link, stores: storesOf(link) });
      }),
    );
  await startAll(links);
  const status = () => Promise.all([...running.values()].map((link) => link.status()));

  keepStreams(bus, current, {
    ...{ clock, everyMs: guardEveryMs, signal: stopping.signal, streams: options.streams, inTurn },
    onTrouble: (reason) => warn({ reason }, 'whether the streams are there could not be made sure'),
  }).catch(() => undefined);
  every(statusEveryMs, stopping.signal, clock, async () => {
    const written = await status().catch(() => []);
    // Whoever asks meanwhile sees the entries expire.
    await Promise.all(written.map((entry) => writeStatus(world.statusBucket, entry))).catch(() => undefined);
  });
  every(storingEveryMs, stopping.signal, clock, async () => {
    const reason = await whyNotStoring(bus);
    if (reason) warn({ reason }, 'changes are found by the walk alone');
  });

  async function change(wanted: Wanted): Promise<void> {
    if (stopping.signal.aborted) return;
    const kept = new Set<string>();
    for (const link of wanted.links) {
      const known = running.get(link.id);
      const same = [wanted.stores.get(link.source.site), wanted.stores.get(link.target.site)];
      const isSame = known?.stores.every((store, index) => store === same[index]);
      if (isSame && isDeepStrictEqual(known?.link, link)) kept.add(link.id);
    }
    const leaving = [...running.values()].filter(({ link }) => !kept.has(link.id));
    for (const { link } of leaving) logger.info({ link: link.id }, 'the link stops');
    await atMost(clock, drainMs, Promise.all(leaving.map((link) => link.stop())));
    for (const { link } of leaving) {
      running.delete(link.id);
      if (!wanted.links.some(({ id }) => id === link.id)) telemetry.forget(link.id);
    }
    links = wanted.links;
    for (const site of stores.keys()) if (!wanted.stores.has(site)) stores.delete(site);
    for (const [site, store] of wanted.stores) stores.set(site, store);
    // Whoever keeps the streams tries again.
    await ensureStreams(bus, current, options.streams).catch(() => undefined);
    await intakes.hear(stores.keys());
    const coming = links.filter(({ id }) => !kept.has(id));
    for (const { id } of coming) logger.info({ link: id }, 'the link starts');
    await startAll(coming);
  }

  return {
    world,
    intake: intakes.intake,
    status,
    change: (wanted) => inTurn(() => change(wanted)),
    async stop() {
      stopping.abort(new Error('stopping'));
      const closed = Promise.all([intakes.close(), ...[...running.values()].map((link) => link.stop())]);
      await atMost(clock, drainMs, closed);
    },
  };
}
