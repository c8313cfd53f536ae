/** `causeway up`: runs sources, functions and gateway for the documents, until it is told to stop. */
import { connectBus } from '../../bus/connection.ts';
import { createLogger } from '../../telemetry/log.ts';
import { type CliCommand, withDocuments, withGateway, withNats } from '../command.ts';
import { embedNats } from '../embedded-nats.ts';
import { gatewayOptions, portNumber, readOptions, sessionOptions } from '../options.ts';
import { runDeployment } from '../run-deployment.ts';
import { connectSession, openSession } from '../session.ts';

export const up: CliCommand = {
  name: 'up',
  summary: 'run replication for your own sites',
  configure(command) {
    withGateway(withNats(withDocuments(command)), { host: '127.0.0.1', port: '8080' }).option(
      '--nats-port <port>',
      'port of the embedded NATS',
      '4333',
    );
  },
  async run({ io, options, environment }) {
    const shape = { ...sessionOptions, ...gatewayOptions, natsPort: portNumber };
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
        await runDeployment({ session, bus, logger, io, host: chosen.host, listen: chosen.listen });
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
