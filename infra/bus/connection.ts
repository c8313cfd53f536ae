/** The connection to NATS: one for a process, kept alive for ever, from 2.12 on. */
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';
import type { NatsServers } from '../config/nats-url.ts';

/** The client is what the `nats` package became: @nats-io/transport-node, jetstream and kv. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Resolves when what was published is flushed and the connection is closed. */
  close(): Promise<void>;
}

/** Atomic batches, message TTLs and delete markers that expire. */
const oldestServer = [2, 12] as const;
const requestTimeoutMs = 5_000;

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldestServer[0] || (major === oldestServer[0] && minor < oldestServer[1]);
}

function loginOf({ login }: NatsServers): Pick<ConnectionOptions, 'user' | 'pass' | 'token'> {
  if (!login) return {};
  if ('token' in login) return { token: login.token.reveal() };
  return { user: login.user, pass: login.password.reveal() };
}

/** Throws when nobody answers at first, or when the server is too old; afterwards it reconnects without end. */
export async function connectBus(access: NatsServers, name = 'causeway'): Promise<Bus> {
  const connection = await connect({
    servers: [...access.servers],
    ...loginOf(access),
    ...(access.tls ? { tls: {} } : {}),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    timeout: requestTimeoutMs,
    pingInterval: 10_000,
    maxPingOut: 2,
  });
  const version = connection.info?.version ?? '0';
  if (isTooOld(version)) {
    await connection.close();
    throw new Error(
      `the NATS server at ${access.servers.join(', ')} is ${version}: Causeway needs ${oldestServer.join('.')} or later. ` +
        'Upgrade it, or start without --nats to use an embedded one.',
    );
  }
  const options = { timeout: requestTimeoutMs };
  return {
    connection,
    jetstream: jetstream(connection, options),
    // The server's own check would fail where JetStream comes up later than NATS.
    manager: await jetstreamManager(connection, { ...options, checkAPI: false }),
    close: async () => {
      await connection.drain().catch(() => connection.close());
    },
  };
}
