/**
 * An embedded nats-server with JetStream, for one machine.
 *
 * It syncs every write to disk: the default syncs each two minutes, and a power failure in between would
 * lose events that were acknowledged. It listens on the loopback only and always wants a user and password. The MinIO
 * servers of sites may have users of their own, so that none of them can speak for another, or read what is told.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type Credentials, keptCredentials } from './credentials.ts';
import { announcingRights } from './notification-environment.ts';
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
  /** Those whose MinIO servers get users of their own. */
  readonly sites?: readonly string[];
  readonly readyWithinMs?: number;
}

/** By site: what its MinIO server logs in with. */
export type SiteUsers = ReadonlyMap<string, Credentials>;

export interface NatsServer extends Restartable {
  /** Without credentials: `nats://127.0.0.1:<port>`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly siteUsers: SiteUsers;
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
  const { binary, dir, sites = [], readyWithinMs = 30_000 } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { user, password } = await keptCredentials(join(dir, 'credentials.json'), options.credentials);
  const siteUsers = new Map<string, Credentials>();
  for (const site of sites) {
    const name = `site-${site}`;
    siteUsers.set(site, await keptCredentials(join(dir, `${name}.json`), { user: name }));
  }

  return onFreePort(options.port, freePort, async (port) => {
    const url = `nats://${HOST}:${port}`;
    const config = join(dir, 'nats-server.conf');
    const server = await restartable(async () => {
      await writeFile(config, configuration({ port, dir, user, password, siteUsers }), { mode: 0o600 });
      return startProcess({
        name: 'nats-server',
        binary,
        args: ['--config', config],
        env: { HOME: dir },
        cwd: dir,
        port,
        isReady: () => answers(url, { user, password }),
        readyWithinMs,
        secrets: [password, ...[...siteUsers.values()].map((one) => one.password)],
      });
    });
    return Object.assign(server, { url, host: HOST, port, user, password, siteUsers });
  });
}

/** This format takes JSON strings as they are. */
const quote = (text: string): string => JSON.stringify(text);

/**
 * The part of a configuration that says who may do what: Causeway everything, a site's MinIO server nothing but to
 * announce its changes and to hear that they are stored. What Causeway itself is told goes to inboxes of another name.
 */
export function authorization(causeway: Credentials, siteUsers: SiteUsers): string {
  const login = (one: Credentials): string => `user: ${quote(one.user)}, password: ${quote(one.password)}`;
  const announcing = (site: string): string => {
    const { publish, subscribe } = announcingRights(site);
    return `publish: ${quote(publish)}, subscribe: ${quote(subscribe)}`;
  };
  const users = [
    login(causeway),
    ...[...siteUsers].map(([site, one]) => `${login(one)}, permissions: { ${announcing(site)} }`),
  ];
  return `authorization {
  users: [
${users.map((one) => `    { ${one} }`).join('\n')}
  ]
}
`;
}

/** The text of the configuration file. */
function configuration(
  at: Credentials & { readonly port: number; readonly dir: string; readonly siteUsers: SiteUsers },
): string {
  return `listen: ${quote(`${HOST}:${at.port}`)}
server_name: causeway
max_payload: 8MB
jetstream {
  store_dir: ${quote(at.dir)}
  sync_interval: always
}
${authorization(at, at.siteUsers)}`;
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
