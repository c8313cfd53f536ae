/** `causeway up`: runs sources, functions and gateway for the documents, until it is told to stop. */
import { z } from 'zod';
import { messageOf } from '../../../functions/errors.ts';
import { type Bus, connectBus } from '../../bus/connection.ts';
import { watchConnection } from '../../bus/upkeep.ts';
import { type GatewayOptions, startGateway } from '../../gateway/gateway.ts';
import { atMost } from '../../host/at-most.ts';
import { startDeployment } from '../../host/deployment.ts';
import type { HttpServer } from '../../host/http-server.ts';
import { systemClock } from '../../host/system-clock.ts';
import { createLogger, type Logger } from '../../telemetry/log.ts';
import { createTelemetry } from '../../telemetry/metrics.ts';
import { type CliCommand, withDocuments, withNats } from '../command.ts';
import { embedNats } from '../embedded-nats.ts';
import { CommandError, type Io } from '../io.ts';
import { readOptions, sessionOptions } from '../options.ts';
import { connectSession, openSession, type Session } from '../session.ts';
import { untilStopped } from '../until-stopped.ts';

const drainMs = 10_000;
const refreshWithinMs = 2_000;
const noPort = 'must be a port: a whole number from 0 to 65535';
const port = z.coerce.number(noPort).int(noPort).min(0, noPort).max(65_535, noPort);

export const up: CliCommand = {
  name: 'up',
  summary: 'run replication for your own sites',
  configure(command) {
    withNats(withDocuments(command))
      .option('--listen <port>', 'port of /metrics, /health and /webhook', '8080')
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option('--nats-port <port>', 'port of the embedded NATS', '4333');
  },
  async run({ io, options, environment }) {
    const shape = { ...sessionOptions, listen: port, host: z.string(), natsPort: port };
    const chosen = readOptions(shape, options);
    const session = await openSession(chosen, environment, io);
    const logger = createLogger(session.settings.logLevel);
    const isEmbedded = chosen.nats === undefined && session.settings.nats === undefined;
    const { stateDir } = session;
    const embedding = { stateDir, port: chosen.natsPort, environment, logger, report: io.warn };
    const nats = isEmbedded ? await embedNats(embedding) : undefined;
    try {
      const bus = nats ? await connectBus(nats.servers) : await connectSession(session);
      try {
        await runDeployment({ session, bus, logger, io, at: { host: chosen.host, port: chosen.listen } });
      } finally {
        await bus.close();
      }
    } finally {
      await nats?.stop();
      await session.close();
    }
    return 0;
  },
};

interface Running {
  readonly session: Session;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly io: Io;
  readonly at: Address;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Until it is told to stop. Whatever could not be started, what was started is stopped. */
async function runDeployment({ session, bus, logger, io, at }: Running): Promise<void> {
  const telemetry = createTelemetry(logger);
  const { links, stores, settings } = session;
  const shared = { bus, links, stores, logger, telemetry, clock: systemClock };
  const deployment = await startDeployment({ ...settings, ...shared });
  let gateway: HttpServer | undefined;
  try {
    gateway = await listen(at, {
      registry: telemetry.registry,
      // While NATS is away, what is known without it is told all the same.
      refresh: () => atMost(systemClock, refreshWithinMs, deployment.status()),
      notReady: watchConnection(bus.connection, (isAway) => {
        if (isAway) logger.warn('NATS is away: nothing is replicated until it is back');
        else logger.info('NATS is back');
      }),
      webhook: { token: settings.webhookToken, sites: new Set(stores.keys()), ...deployment.intake },
    });
    const stopped = untilStopped();
    io.say(`${links.length} links run; http://${at.host}:${gateway.port}/metrics; stop with Ctrl-C`);
    io.document({ links: links.map(({ id }) => id), gateway: `http://${at.host}:${gateway.port}` });
    // Nothing throws unheard by design; if something does, the rest of the process goes on.
    process.on('unhandledRejection', (reason) => logger.error({ err: reason }, 'failed unheard'));
    await stopped;
    logger.info('stopping');
  } finally {
    await Promise.all([deployment.stop(), gateway?.close(drainMs)]);
  }
}

async function listen(at: Address, options: Omit<GatewayOptions, keyof Address>): Promise<HttpServer> {
  try {
    return await startGateway({ ...at, ...options });
  } catch (error) {
    const words = messageOf(error);
    throw new CommandError(`cannot listen (--host ${at.host}, --listen ${at.port}): ${words}`);
  }
}
