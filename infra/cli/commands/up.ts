/** `causeway up`: runs sources, functions and gateway for the documents, until it is told to stop. */
import { join } from 'node:path';
import { connectBus } from '../../bus/connection.ts';
import { findBinary } from '../../sites/binaries.ts';
import { startNats } from '../../sites/nats-server.ts';
import { type CliCommand, type Invocation, withDocuments, withGateway, withNats } from '../command.ts';
import { CommandError } from '../io.ts';
import { gatewayOptions, portNumber, readOptions, sessionOptions } from '../options.ts';
import { runDeployment } from '../run-deployment.ts';
import { connectSession, openSession, type Session } from '../session.ts';
import { removeState, serversOf, writeState } from '../state.ts';

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
    const isEmbedded = chosen.nats === undefined && session.settings.nats === undefined;
    const nats = isEmbedded ? await embedNats(session, chosen.natsPort, environment, io) : undefined;
    try {
      const bus = nats ? await connectBus(nats.servers) : await connectSession(session);
      await runDeployment({ session, bus, ...chosen, io });
      await bus.close();
    } finally {
      await nats?.stop();
      await session.close();
    }
    return 0;
  },
};

async function embedNats(
  { stateDir }: Session,
  natsPort: number,
  environment: Invocation['environment'],
  io: Invocation['io'],
) {
  const binary = await findBinary('nats-server', environment, io.warn);
  try {
    const server = await startNats({ binary, dir: join(stateDir, 'nats'), port: natsPort });
    const state = { server: `${server.host}:${server.port}`, user: server.user, password: server.password };
    await writeState(stateDir, state);
    return {
      servers: serversOf(state),
      async stop() {
        await removeState(stateDir);
        await server.stop();
      },
    };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new CommandError(`cannot start the embedded NATS on port ${natsPort}: ${words}`);
  }
}
