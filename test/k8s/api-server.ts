/** A real kube-apiserver for one test file, with access control on, over an etcd that is there. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { freePort } from '../../infra/sites/ports.ts';
import { startProcess } from '../../infra/sites/process.ts';
import { onFreePort, type Restartable, restartable } from '../../infra/sites/restartable.ts';
import { selfSigned } from '../contract/store/self-signed.ts';
import type { Etcd } from './etcd.ts';
import { flagsOf } from './flags.ts';

/** Of the Service by which pods find it: the first of its range. */
export const serviceAddress = '10.255.0.1';

export interface ApiServer extends Restartable {
  readonly url: string;
  /** May do everything. */
  readonly admin: KubeConfig;
  /** Whoever the token belongs to. */
  configOf(token: string): KubeConfig;
}

export interface ApiServerOptions {
  readonly binary: string;
  readonly dir: string;
  readonly etcd: Etcd;
}

export async function startApiServer({ binary, dir, etcd }: ApiServerOptions): Promise<ApiServer> {
  const { certificate, adminToken, files } = await writeFiles(dir);
  const dispatcher = new Agent({ connect: { ca: certificate } });

  return onFreePort(undefined, freePort, async (port) => {
    const url = `https://127.0.0.1:${port}`;
    const settings = {
      ...files,
      'etcd-servers': etcd.url,
      'etcd-cafile': etcd.certificateFile,
      'etcd-certfile': etcd.certificateFile,
      'etcd-keyfile': etcd.keyFile,
      'bind-address': '127.0.0.1',
      'secure-port': port,
      'authorization-mode': 'RBAC',
      'service-account-issuer': url,
      'service-cluster-ip-range': '10.255.0.0/24',
      // It is the only one: nobody has to be told of its address, and it need not say good-bye.
      'endpoint-reconciler-type': 'none',
      profiling: 'false',
      v: 0,
    };
    const server = await restartable(() =>
      startProcess({
        name: 'kube-apiserver',
        binary,
        args: flagsOf(settings),
        env: {},
        cwd: dir,
        port,
        async isReady(signal) {
          const headers = { authorization: `Bearer ${adminToken}` };
          const { statusCode, body } = await request(`${url}/readyz`, { dispatcher, signal, headers });
          await body.dump();
          return statusCode === 200;
        },
        readyWithinMs: 90_000,
        secrets: [adminToken],
      }),
    );
    const configOf = (token: string) => kubeConfig(url, certificate, token);
    return Object.assign(server, { url, admin: configOf(adminToken), configOf });
  });
}

/** Its certificate, its keys and its one known user, kept through restarts. */
async function writeFiles(dir: string) {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  const keep = async (name: string, content: string): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const { certificate, privateKey } = selfSigned(serviceAddress);
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const adminToken = randomBytes(24).toString('hex');
  const files = {
    'tls-cert-file': await keep('api.crt', certificate),
    'tls-private-key-file': await keep('api.key', privateKey),
    'token-auth-file': await keep('tokens.csv', `${adminToken},admin,admin,system:masters\n`),
    'service-account-key-file': await keep(
      'accounts.pub',
      accounts.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ),
    'service-account-signing-key-file': await keep(
      'accounts.key',
      accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
  };
  return { certificate, adminToken, files };
}

function kubeConfig(server: string, certificate: string, token: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'test', server, caData: Buffer.from(certificate).toString('base64') }],
    users: [{ name: 'test', token }],
    contexts: [{ name: 'test', cluster: 'test', user: 'test' }],
    currentContext: 'test',
  });
  return config;
}
