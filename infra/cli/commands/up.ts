/** `causeway up`: runs sources, functions and gateway for the documents, until it is told to stop. */
import { z } from 'zod';
import { connectBus } from '../../bus/connection.ts';
import { createLogger } from '../../telemetry/log.ts';
import { type CliCommand, withDocuments, withGateway, withNats } from '../command.ts';
import { embedNats } from '../embedded-nats.ts';
import { UsageError } from '../io.ts';
import { gatewayOptions, portNumber, readOptions, sessionOptions } from '../options.ts';
import { runDeployment } from '../run-deployment.ts';
import { connectSession, openSession } from '../session.ts';

export const up: CliCommand = {
  name: 'up',
  summary: 'run replication for your own sites',
  configure(command) {
    withGateway(withNats(withDocuments(command)), { host: '127.0.0.1', port: '8080' })
      .option('--nats-port <port>', 'port of the embedded NATS', '4333')
      .option('--kubernetes', 'the documents are custom resources in a cluster, and may change')
      .option('--namespace <name>', 'of those custom resources; default: that of the pod or the context')
      .option('--site <name>', 'the site that the cluster stands beside: its volume snapshots are followed');
  },
  async run({ io, options, environment }) {
    const shape = {
      ...sessionOptions,
      ...gatewayOptions,
      natsPort: portNumber,
      kubernetes: z.boolean().default(false),
      namespace: z.string().optional(),
      site: z.string().optional(),
    };
    const chosen = readOptions(shape, options);
    if (chosen.kubernetes) {
      // The Kubernetes client is as large as all the rest: whoever has no cluster does not wait for it.
      const { runControllers } = await import('../run-controllers.ts');
      return runControllers({ ...chosen, io, environment });
    }
    if (chosen.namespace !== undefined || chosen.site !== undefined)
      throw new UsageError('--namespace and --site go with --kubernetes');
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
