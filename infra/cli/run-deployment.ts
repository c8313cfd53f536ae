/** A deployment with its gateway, from its start until it is told to stop. */
import type { FunctionDefinition } from '../../functions/define.ts';
import type { Bus } from '../bus/connection.ts';
import { defaultStreamSettings } from '../bus/streams.ts';
import { startGateway } from '../gateway/gateway.ts';
import { startDeployment } from '../host/deployment.ts';
import { systemClock } from '../host/system-clock.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { createTelemetry } from '../telemetry/metrics.ts';
import type { Io } from './io.ts';
import type { Session } from './session.ts';
import { untilStopped } from './until-stopped.ts';

export interface RunOptions {
  readonly session: Session;
  readonly bus: Bus;
  readonly listen: number;
  readonly host: string;
  readonly io: Io;
  readonly logger?: Logger;
  /** By default the functions run in this process. */
  readonly functions?: readonly FunctionDefinition[];
  /** For a process that listens to its end from the beginning; by default it does when all runs. */
  readonly stopped?: Promise<void>;
  /** Called when the process is told to stop, before anything else does. */
  onStopping?(): void;
}

const drainMs = 10_000;

export async function runDeployment(options: RunOptions): Promise<void> {
  const { session, bus, io, functions } = options;
  const { links, stores, settings } = session;
  const logger = options.logger ?? createLogger(settings.logLevel);
  const telemetry = createTelemetry(logger);
  const deployment = await startDeployment({
    ...settings,
    bus,
    links,
    stores,
    logger,
    telemetry,
    clock: systemClock,
    streams: { ...defaultStreamSettings, replicas: settings.natsReplicas },
    ...(functions ? { functions } : {}),
  });
  const gateway = await startGateway({
    host: options.host,
    port: options.listen,
    registry: telemetry.registry,
    refresh: async () => void (await deployment.status().catch(() => undefined)),
    notReady: () => (bus.connection.isClosed() ? 'the connection to NATS is closed' : undefined),
    webhook: { token: settings.webhookToken, sites: new Set(stores.keys()), ...deployment.intake },
  });
  const url = `http://${options.host}:${gateway.port}`;
  io.say(`${links.length} links run; ${url}/metrics; stop with Ctrl-C`);
  io.document({ links: links.map(({ id }) => id), gateway: url });
  // Nothing throws unheard by design; if something does, the rest of the process goes on.
  process.on('unhandledRejection', (reason) => logger.error({ err: reason }, 'failed unheard'));
  await (options.stopped ?? untilStopped());
  logger.info('stopping');
  options.onStopping?.();
  await Promise.all([deployment.stop(), gateway.close(drainMs)]);
}
