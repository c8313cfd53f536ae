/** `causeway serve receive-stack`: beside a target, with no NATS and no rules; it needs the Site document alone. */
import type { ReceiverDefinition } from '../../functions/define.ts';
import type { ObjectStore } from '../../functions/ports.ts';
import type { Environment } from '../config/env.ts';
import { startReceiverHost } from '../host/receiver-host.ts';
import { systemClock as clock } from '../host/system-clock.ts';
import { createLogger } from '../telemetry/log.ts';
import { createReceiverTelemetry } from '../telemetry/receiver-metrics.ts';
import { exitSoon } from './exit-soon.ts';
import { CommandError, type Io } from './io.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

export interface ServeReceiverOptions {
  readonly chosen: SessionOptions & { readonly host: string };
  readonly environment: Environment;
  readonly io: Io;
  readonly stopped: Promise<void>;
}

/** Resolves with the exit code when it is told to stop. */
export async function serveReceiver(
  definition: ReceiverDefinition,
  { chosen, environment, io, stopped }: ServeReceiverOptions,
): Promise<number> {
  const session = await openSession(chosen, environment, io);
  let code = 1;
  try {
    const { settings } = session;
    const { receiverToken: token, deadlines, port, logLevel } = settings;
    if (!token) {
      throw new CommandError('set CAUSEWAY_RECEIVER_TOKEN to what whoever sends stacks here has to say');
    }
    const telemetry = createReceiverTelemetry(createLogger(logLevel));
    const host = await startReceiverHost({
      definition,
      host: chosen.host,
      port,
      token,
      places: placesOf(session),
      deadlineMs: deadlines.putMs,
      clock,
      ...telemetry,
    });
    io.say(`${definition.name} listens on ${chosen.host}:${host.port}`);
    io.document({ function: definition.name, host: chosen.host, port: host.port });
    await stopped;
    await host.stop();
    code = 0;
  } finally {
    exitSoon(code);
    await session.close();
  }
  return code;
}

function placesOf({ settings, stores, files }: Session): ReadonlyMap<string, ObjectStore> {
  if (settings.receives.length === 0) {
    throw new CommandError('set CAUSEWAY_RECEIVES to where stacks may be written: SITE/BUCKET,SITE/BUCKET');
  }
  return new Map(
    settings.receives.map((place) => {
      const [site = ''] = place.split('/');
      const store = stores.get(site);
      if (!store) {
        throw new CommandError(
          `CAUSEWAY_RECEIVES names site ${site}, which ${files.join(', ')} does not have`,
        );
      }
      return [place, store];
    }),
  );
}
