/**
 * An embedded nats-server with JetStream, for one machine.
 *
 * It syncs every write to disk: the default syncs each two minutes, and a power failure in between would
 * lose events that were acknowledged. It listens on the loopback only and always wants a user and password.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type Credentials, keptCredentials } from './credentials.ts';
import { freePort } from './ports.ts';
import { startProcess } from './process.ts';
import { onFreePort, type Restartable, restartable } from './restartable.ts';

const HOST = '127.0.0.1';

export interface NatsOptions {
  readonly binary: string;
  /** Holds the configuration, the credentials and the streams. */
  readonly dir: string;
  /** Without it, a free one. */
  readonly port?: number;
  /** Without them, random ones are made once and kept in `dir`. */
  readonly credentials?: Credentials;
  readonly readyWithinMs?: number;
}

export interface NatsServer extends Restartable {
  /** Without credentials: `nats://127.0.0.1:<port>`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** With its credentials. */
export const natsUrl = ({
  host,
  port,
  user,
  password,
}: Pick<NatsServer, 'host' | 'port' | 'user' | 'password'>): string =>
  `nats://${user}:${password}@${host}:${port}`;

/** Starts nats-server and resolves once JetStream answers. */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const { binary, dir, readyWithinMs = 30_000 } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { user, password } = await keptCredentials(join(dir, 'credentials.json'), options.credentials);

  return onFreePort(options.port, freePort, async (port) => {
    const url = `nats://${HOST}:${port}`;
    const config = join(dir, 'nats-server.conf');
    const server = await restartable(async () => {
      await writeFile(config, configuration({ port, dir, user, password }), { mode: 0o600 });
      return startProcess({
        name: 'nats-server',
        binary,
        args: ['--config', config],
        env: { HOME: dir },
        cwd: dir,
        port,
        isReady: () => answers(url, { user, password }),
        readyWithinMs,
        secrets: [password],
      });
    });
    return Object.assign(server, { url, host: HOST, port, user, password });
  });
}

/** The text of the configuration file; its strings are JSON strings, which this format takes as they are. */
function configuration(at: { port: number; dir: string; user: string; password: string }): string {
  const quote = (text: string) => JSON.stringify(text);
  return `listen: ${quote(`${HOST}:${at.port}`)}
server_name: causeway
max_payload: 8MB
jetstream {
  store_dir: ${quote(at.dir)}
  sync_interval: always
}
authorization {
  user: ${quote(at.user)}
  password: ${quote(at.password)}
}
`;
}

async function answers(url: string, { user, password }: Credentials): Promise<boolean> {
  const connection = await connect({ servers: url, user, pass: password, timeout: 1_000, reconnect: false });
  try {
    await jetstreamManager(connection, { timeout: 1_000 });
    return true;
  } finally {
    await connection.close();
  }
}
