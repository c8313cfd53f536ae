/** The NATS that `up` runs for itself beside the documents: one for a folder, and started again when it ends. */
import { join } from 'node:path';
import { messageOf } from '../../functions/errors.ts';
import { connectBus } from '../bus/connection.ts';
import type { Environment } from '../config/env.ts';
import type { NatsServers } from '../config/nats-url.ts';
import { systemClock } from '../host/system-clock.ts';
import { findBinary } from '../sites/binaries.ts';
import { type NatsServer, startNats } from '../sites/nats-server.ts';
import type { Logger } from '../telemetry/log.ts';
import { CommandError } from './io.ts';
import { readState, removeState, serversOf, writeState } from './state.ts';

const startAgainAfterMs = 1000;

export interface EmbeddedNats {
  readonly servers: NatsServers;
  stop(): Promise<void>;
}

export interface EmbeddedNatsOptions {
  readonly stateDir: string;
  readonly port: number;
  readonly environment: Environment;
  readonly logger: Logger;
  report(line: string): void;
}

export async function embedNats(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  const { stateDir, port, environment, logger, report } = options;
  await refuseSecond(stateDir);
  const binary = await findBinary('nats-server', environment, report);
  let server: NatsServer;
  try {
    server = await startNats({ binary, dir: join(stateDir, 'nats'), port });
  } catch (error) {
    throw new CommandError(
      `cannot start the embedded NATS (--nats-port chooses its port): ${messageOf(error)}`,
    );
  }
  const { host, user, password } = server;
  const state = { server: `${host}:${server.port}`, user, password };
  await writeState(stateDir, state);
  const stopping = new AbortController();
  const kept = keepRunning(server, stopping.signal, logger).catch(() => undefined);
  return {
    servers: serversOf(state),
    async stop() {
      stopping.abort();
      await removeState(stateDir);
      await server.stop();
      await kept;
      // It may have been on its way up again.
      await server.stop();
    },
  };
}

/** Two servers on one store would write into each other's files. */
async function refuseSecond(stateDir: string): Promise<void> {
  const other = await readState(stateDir);
  const bus = other && (await connectBus(other).catch(() => undefined));
  if (!other || !bus) return;
  await bus.close();
  throw new CommandError(
    `causeway up runs already with ${stateDir} (its NATS is ${other.servers.join(', ')}): ` +
      'stop that one first, or let both use one NATS with --nats',
  );
}

/** Rejects with the end of the wait by the signal. */
async function keepRunning(server: NatsServer, signal: AbortSignal, logger: Logger): Promise<void> {
  while (!signal.aborted) {
    await server.exited();
    if (signal.aborted) return;
    logger.error({ output: server.output().slice(-500) }, 'the embedded NATS has ended: it is started again');
    await systemClock.sleep(startAgainAfterMs, signal);
    await server
      .start()
      .catch((error) => logger.error({ reason: messageOf(error) }, 'it could not be started'));
  }
}
