/**
 * An embedded MinIO site, for one machine: loopback only, no console, no look for updates.
 *
 * With `nats` or `webhook` it announces its changes; see notification-environment.ts for the targets.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keptCredentials } from './credentials.ts';
import {
  type NatsTarget,
  notificationArns,
  notificationEnvironment,
  type WebhookTarget,
} from './notification-environment.ts';
import { freePort } from './ports.ts';
import { startProcess } from './process.ts';
import { onFreePort, type Restartable, restartable } from './restartable.ts';

const HOST = '127.0.0.1';

export interface MinioOptions {
  readonly binary: string;
  /** Holds the drives, the credentials and the events that wait; an absolute path. */
  readonly dir: string;
  /** The site's name, for messages. */
  readonly name: string;
  /** Without it, a free one. */
  readonly port?: number;
  /** Without them, random ones are made once and kept in `dir`. */
  readonly rootUser?: string;
  readonly rootPassword?: string;
  /** 1 (the default) keeps each object once; 4 gives erasure coding as a production server has it. */
  readonly drives?: 1 | 4;
  readonly nats?: Omit<NatsTarget, 'queueDir'>;
  readonly webhook?: WebhookTarget;
  /** More settings for the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly readyWithinMs?: number;
}

export interface MinioServer extends Restartable {
  readonly name: string;
  readonly dir: string;
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  readonly host: string;
  readonly port: number;
  readonly region: string;
  readonly rootUser: string;
  readonly rootPassword: string;
  /** The notification targets it has, to name in a bucket's notification. */
  readonly notificationArns: readonly string[];
}

/** Starts MinIO and resolves once it serves requests. */
export async function startMinio(options: MinioOptions): Promise<MinioServer> {
  const { binary, dir, name, drives = 1, env = {}, readyWithinMs = 60_000 } = options;
  const root = await keptCredentials(join(dir, 'root.json'), {
    ...(options.rootUser !== undefined && { user: options.rootUser }),
    ...(options.rootPassword !== undefined && { password: options.rootPassword }),
  });
  const targets = {
    ...(options.nats && { nats: { ...options.nats, queueDir: join(dir, 'events') } }),
    ...(options.webhook && { webhook: options.webhook }),
  };
  const secrets = [root.password, options.nats?.password, options.webhook?.authToken].filter(
    (s) => s !== undefined,
  );
  const paths = drives === 1 ? [join(dir, 'data')] : [1, 2, 3, 4].map((drive) => join(dir, `drive${drive}`));
  for (const path of paths) await mkdir(path, { recursive: true });

  return onFreePort(options.port, freePort, async (port) => {
    const endpoint = `http://${HOST}:${port}`;
    const server = await restartable(() =>
      startProcess({
        name: `MinIO of site ${name}`,
        binary,
        args: [
          'server',
          '--quiet',
          '--address',
          `${HOST}:${port}`,
          '--certs-dir',
          join(dir, 'certs'),
          ...paths,
        ],
        env: {
          HOME: dir,
          MINIO_ROOT_USER: root.user,
          MINIO_ROOT_PASSWORD: root.password,
          MINIO_BROWSER: 'off',
          MINIO_UPDATE: 'off',
          // Lets several drives share the root disk, and keeps the buffers small.
          MINIO_CI_CD: 'on',
          ...notificationEnvironment(targets),
          ...env,
        },
        cwd: dir,
        port,
        isReady: (signal) => isHealthy(endpoint, signal),
        readyWithinMs,
        secrets,
      }),
    );
    return Object.assign(server, {
      name,
      dir,
      endpoint,
      host: HOST,
      port,
      region: 'us-east-1',
      rootUser: root.user,
      rootPassword: root.password,
      notificationArns: notificationArns(targets),
    });
  });
}

async function isHealthy(endpoint: string, signal: AbortSignal): Promise<boolean> {
  for (const check of ['live', 'cluster']) {
    const response = await fetch(`${endpoint}/minio/health/${check}`, { signal });
    await response.body?.cancel();
    if (response.status !== 200) return false;
  }
  return true;
}
