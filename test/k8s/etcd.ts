/** A real etcd for one test file. Only who holds its key is let in: a machine may have other users. */

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { freePort } from '../../infra/sites/ports.ts';
import { startProcess } from '../../infra/sites/process.ts';
import { onFreePort, type Restartable, restartable } from '../../infra/sites/restartable.ts';
import { selfSigned } from '../contract/store/self-signed.ts';
import { flagsOf } from './flags.ts';

export interface Etcd extends Restartable {
  readonly url: string;
  /** Files in PEM. The certificate vouches for itself: it is the server's, the client's and the authority's. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

export async function startEtcd({ binary, dir }: { binary: string; dir: string }): Promise<Etcd> {
  const { certificate, privateKey } = selfSigned();
  const [certificateFile, keyFile] = [join(dir, 'etcd.crt'), join(dir, 'etcd.key')];
  // etcd warns of a data directory that others can read.
  await mkdir(join(dir, 'data'), { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  await writeFile(certificateFile, certificate);
  await writeFile(keyFile, privateKey, { mode: 0o600 });
  const dispatcher = new Agent({ connect: { ca: certificate, cert: certificate, key: privateKey } });

  return onFreePort(undefined, freePort, async (port) => {
    const peerPort = await freePort(new Set([port]));
    const [url, peerUrl] = [`https://127.0.0.1:${port}`, `https://127.0.0.1:${peerPort}`];
    const settings = {
      name: 'causeway-test',
      'data-dir': join(dir, 'data'),
      'listen-client-urls': url,
      'advertise-client-urls': url,
      'cert-file': certificateFile,
      'key-file': keyFile,
      'trusted-ca-file': certificateFile,
      'client-cert-auth': 'true',
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': `causeway-test=${peerUrl}`,
      'peer-cert-file': certificateFile,
      'peer-key-file': keyFile,
      'peer-trusted-ca-file': certificateFile,
      'peer-client-cert-auth': 'true',
      'log-level': 'warn',
    };
    const server = await restartable(() =>
      startProcess({
        name: 'etcd',
        binary,
        args: flagsOf(settings),
        env: {},
        cwd: dir,
        port,
        async isReady(signal) {
          const { statusCode, body } = await request(`${url}/health`, { dispatcher, signal });
          await body.dump();
          return statusCode === 200;
        },
      }),
    );
    return Object.assign(server, { url, certificateFile, keyFile });
  });
}
