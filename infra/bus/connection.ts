/** The connection to NATS: one for a process, kept alive for ever, from 2.12 on. */
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  AuthorizationError,
  type ConnectionOptions,
  connect,
  type NatsConnection,
  TimeoutError,
} from '@nats-io/transport-node';
import type { NatsServers } from '../config/nats-url.ts';
import { bindToPresence, type Presence } from './presence.ts';

/** The client is what the `nats` package became: @nats-io/transport-node, jetstream and kv. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly presence: Presence;
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

/** Where answers come: sites' MinIO servers may listen to the usual inboxes, and to these they need not. */
const inboxPrefix = '_CAUSEWAY';

/** What went wrong at the first connection, in words an operator can act on. */
function wordsFor(error: unknown, hasLogin: boolean): string {
  if (error instanceof AuthorizationError) {
    return hasLogin
      ? 'it refuses the user name, password or token'
      : 'it wants a user name and password, or a token: nats://user:password@host:port';
  }
  if (error instanceof TimeoutError) return `no answer within ${requestTimeoutMs / 1000} s`;
  const words = error instanceof Error ? error.message : String(error);
  if (/unexpected response|undefined error/.test(words)) return 'what answers there is no NATS server';
  return words;
}

async function reach(access: NatsServers, name: string): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [...access.servers],
      ...loginOf(access),
      ...(access.tls ? { tls: {} } : {}),
      name,
      inboxPrefix,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      timeout: requestTimeoutMs,
      pingInterval: 10_000,
      maxPingOut: 2,
      // A stack trace for each request, kept in case it fails, costs more than the request.
      noAsyncTraces: true,
      // A server that comes up before its accounts do refuses everybody for a moment.
      ignoreAuthErrorAbort: true,
    });
  } catch (cause) {
    throw new Error(wordsFor(cause, access.login !== undefined), { cause });
  }
}

/** Throws when nobody answers at first, or when the server is too old; afterwards it reconnects without end. */
export async function connectBus(access: NatsServers, name = 'causeway'): Promise<Bus> {
  const connection = await reach(access, name);
  const version = connection.info?.version ?? '0';
  if (isTooOld(version)) {
    await connection.close();
    throw new Error(
      `the NATS server at ${access.servers.join(', ')} is ${version}: Causeway needs ${oldestServer.join('.')} or later. ` +
        'Upgrade it, or start without --nats to use an embedded one.',
    );
  }
  const options = { timeout: requestTimeoutMs };
  const presence = bindToPresence(connection, requestTimeoutMs);
  return {
    connection,
    presence,
    jetstream: jetstream(connection, options),
    // The server's own check would fail where JetStream comes up later than NATS.
    manager: await jetstreamManager(connection, { ...options, checkAPI: false }),
    close: async () => {
      await connection.drain().catch(() => connection.close());
    },
  };
}
