/** A deployment with its gateway, from its start until it is told to stop. */
import { collectDefaultMetrics } from 'prom-client';
import type { FunctionDefinition } from '../../functions/define.ts';
import { messageOf } from '../../functions/errors.ts';
import type { Bus } from '../bus/connection.ts';
import { streamsOn } from '../bus/streams.ts';
import { watchConnection } from '../bus/upkeep.ts';
import { type GatewayOptions, startGateway } from '../gateway/gateway.ts';
import { atMost } from '../host/at-most.ts';
import { startDeployment } from '../host/deployment.ts';
import type { HttpServer } from '../host/http-server.ts';
import type { EventLog } from '../host/ports.ts';
import { systemClock } from '../host/system-clock.ts';
import type { Logger } from '../telemetry/log.ts';
import { createTelemetry } from '../telemetry/metrics.ts';
import { CommandError, type Io } from './io.ts';
import type { Session } from './session.ts';
import { untilStopped } from './until-stopped.ts';

export interface RunOptions {
  readonly session: Session;
  readonly bus: Bus;
  readonly listen: number;
  readonly host: string;
  readonly io: Io;
  readonly logger: Logger;
  /** By default the functions run in this process. */
  readonly functions?: readonly FunctionDefinition[];
  /** For a process that listens to its end from the beginning; by default it does when all runs. */
  readonly stopped?: Promise<void>;
  /** By default what is told of volume snapshots is not taken. */
  takeSnapshots?(log: EventLog): Promise<NonNullable<GatewayOptions['snapshots']>>;
  /** Called when the process is told to stop, before anything else does. */
  onStopping?(): void;
}

const drainMs = 10_000;
const refreshWithinMs = 2_000;

/** Until it is told to stop. Whatever could not be started, what was started is stopped. */
export async function runDeployment(options: RunOptions): Promise<void> {
  const { session, bus, io, logger, functions } = options;
  const { links, stores, settings } = session;
  const telemetry = createTelemetry(logger);
  collectDefaultMetrics({ register: telemetry.registry });
  const deployment = await startDeployment({
    ...settings,
    bus,
    links,
    stores,
    logger,
    telemetry,
    clock: systemClock,
    streams: streamsOn(settings.natsReplicas),
    ...(functions ? { functions } : {}),
  });
  let gateway: HttpServer | undefined;
  try {
    gateway = await listen(options, {
      registry: telemetry.registry,
      // While NATS is away, what is known without it is told all the same.
      refresh: () => atMost(systemClock, refreshWithinMs, deployment.status()),
      notReady: watchConnection(bus.connection, (isAway) => {
        if (isAway) logger.warn('NATS is away: nothing is replicated until it is back');
        else logger.info('NATS is back');
      }),
      ...(options.takeSnapshots ? { snapshots: await options.takeSnapshots(deployment.world.log) } : {}),
      webhook: { token: settings.webhookToken, sites: new Set(stores.keys()), intake: deployment.intake },
    });
    const stopped = options.stopped ?? untilStopped();
    const url = `http://${options.host}:${gateway.port}`;
    io.say(`${links.length} links run; ${url}/metrics; stop with Ctrl-C`);
    io.document({ links: links.map(({ id }) => id), gateway: url });
    // Nothing throws unheard by design; if something does, the rest of the process goes on.
    process.on('unhandledRejection', (reason) => logger.error({ err: reason }, 'failed unheard'));
    await stopped;
    logger.info('stopping');
    options.onStopping?.();
  } finally {
    await Promise.all([deployment.stop(), gateway?.close(drainMs)]);
  }
}

async function listen(
  { host, listen: port }: RunOptions,
  options: Omit<GatewayOptions, 'host' | 'port'>,
): Promise<HttpServer> {
  try {
    return await startGateway({ host, port, ...options });
  } catch (error) {
    throw new CommandError(`cannot listen (--host ${host}, --listen ${port}): ${messageOf(error)}`);
  }
}
