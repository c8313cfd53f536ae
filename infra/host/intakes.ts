/** What hears the sites: the raw notifications of each, turned into events wherever events go. */
import type { ObjectStore } from '../../functions/ports.ts';
import type { Bus } from '../bus/connection.ts';
import { createFeed } from '../bus/feed.ts';
import { acksWithinMs, rawConsumer, streamNames } from '../bus/streams.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import { createEntrance } from './entrance.ts';
import { type Intake, startIntake } from './intake.ts';
import type { OpenFeed } from './ports.ts';
import type { World } from './world.ts';

export interface IntakesOptions {
  readonly bus: Bus;
  readonly stores: ReadonlyMap<string, ObjectStore>;
  readonly world: Pick<World, 'log' | 'deadLetters'>;
  readonly telemetry: Pick<Telemetry, 'eventIn' | 'ignored'>;
  readonly logger: Logger;
}

export interface Intakes {
  /** For notifications that come another way. */
  readonly intake: Intake;
  /** Hears these sites from now on, and no others. */
  hear(sites: Iterable<string>): Promise<void>;
  close(): Promise<void>;
}

export async function startIntakes({
  bus,
  stores,
  world,
  telemetry,
  logger,
}: IntakesOptions): Promise<Intakes> {
  const intake: Intake = {
    entrance: createEntrance(world.log),
    deadLetters: world.deadLetters,
    observer: {
      eventIn: telemetry.eventIn,
      ignored: telemetry.ignored,
      refused: (site, reason) => logger.error({ site, reason }, 'a notification cannot be read'),
    },
  };
  const open = new Map<string, OpenFeed>();

  async function hear(sites: Iterable<string>): Promise<void> {
    const wanted = new Set(sites);
    const leaving = [...open].filter(([site]) => !wanted.has(site));
    for (const [site] of leaving) open.delete(site);
    await Promise.all(leaving.map(([, feed]) => feed.close()));
    for (const site of wanted) {
      if (open.has(site)) continue;
      const feed = createFeed(bus, streamNames.raw, rawConsumer(site), { acksWithinMs });
      open.set(site, await startIntake({ site, feed, ...intake }));
    }
  }

  await hear(stores.keys());
  return { intake, hear, close: () => hear([]) };
}
