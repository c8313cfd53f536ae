/** What hears the sites: the raw notifications of each, turned into events wherever events go. */
import type { ObjectStore } from '../../functions/ports.ts';
import type { Bus } from '../bus/connection.ts';
import { createFeed } from '../bus/feed.ts';
import { rawConsumer, streamNames } from '../bus/streams.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import { createEntrance } from './entrance.ts';
import { type Intake, startIntake } from './intake.ts';
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
  const open = await Promise.all(
    [...stores.keys()].map((site) =>
      startIntake({ site, feed: createFeed(bus, streamNames.raw, rawConsumer(site)), ...intake }),
    ),
  );
  return { intake, close: async () => void (await Promise.all(open.map((feed) => feed.close()))) };
}
