/** A mover's run, and what it says: to whoever reads its output, and to the stream where there is one. */
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { VolumeFunction } from '../../functions/define.ts';
import { messageOf } from '../../functions/errors.ts';
import type { VolumeContext } from '../../functions/volume-ports.ts';
import { connectBus } from '../bus/connection.ts';
import { createEventLog } from '../bus/event-log.ts';
import type { Environment } from '../config/env.ts';
import type { NatsServers } from '../config/nats-url.ts';
import { readSettings } from '../config/settings.ts';
import { type OpenVolume, openVolume, type VolumePlace } from '../volumes/open-volume.ts';
import { runVolumeFunction, volumeEvent } from '../volumes/run.ts';
import { CommandError, type Io } from './io.ts';

/** The last line of a failed container's output is what its VolumeReplication shows. */
function inWords(error: unknown): never {
  if (error instanceof CommandError) throw error;
  const name = error instanceof Error && 'Code' in error ? `${error.name}: ` : '';
  throw new CommandError(`${name}${messageOf(error)}`);
}

export interface VolumeWork {
  readonly bound: VolumeFunction;
  /** What the function is called with. */
  readonly draft: Parameters<typeof volumeEvent>[0];
  readonly retention: VolumeContext['retention'];
  /** How long what has not arrived is waited for. */
  readonly waitMs: number;
}

/** Runs a function on the volume that a task names, to its end. Throws CommandError. Resolves to the exit code. */
export async function runOnVolume(
  task: VolumePlace,
  { io, environment }: { readonly io: Io; readonly environment: Environment },
  prepare: (volume: OpenVolume) => Promise<VolumeWork>,
): Promise<number> {
  const volume = await openVolume(task, environment).catch(inWords);
  try {
    const { bound, draft, retention, waitMs } = await prepare(volume).catch(inWords);
    const event = volumeEvent(draft, volume.clock.now());
    const told = { waitMs, waiting: (reason: string) => io.warn(reason) };
    const followed = await runVolumeFunction(bound, event, { ...volume, retention }, told).catch(inWords);
    await announce(followed, environment, io);
    return 0;
  } finally {
    await volume.close();
  }
}

/** The shipment in the bucket is what counts: that nobody hears of it is no failure. */
async function announce(events: readonly CausewayEvent[], environment: Environment, io: Io): Promise<void> {
  for (const event of events) {
    io.say(`${event.type} ${event.subject}`);
    io.document(event);
  }
  const { nats } = readSettings(environment);
  if (!nats) return;
  try {
    await publish(nats, events);
  } catch (error) {
    io.warn(`the stream was not told: ${messageOf(error)}`);
  }
}

async function publish(nats: NatsServers, events: readonly CausewayEvent[]): Promise<void> {
  const bus = await connectBus(nats);
  try {
    await createEventLog(bus).publish(events.map((event) => ({ event })));
  } finally {
    await bus.close();
  }
}
