/** What a node runs: Kubernetes' own part is built as the API server is; the rest is Debian's. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Environment } from '../../infra/config/env.ts';
import { findProgram } from '../../infra/sites/binaries.ts';
import { kubernetesProgram } from '../k8s/programs.ts';

export interface NodePrograms {
  readonly kubelet: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly containerd: string;
  readonly ctr: string;
  readonly runc: string;
  readonly cniFolder: string;
}

export async function findNodePrograms(
  env: Environment,
  report: (line: string) => void,
): Promise<NodePrograms> {
  const ours = (name: string): Promise<string> => findProgram(name, kubernetesProgram(name), env, report);
  return {
    containerd: await installed('containerd', env),
    ctr: await installed('ctr', env),
    runc: await installed('runc', env),
    cniFolder: await cniFolder(env),
    kubelet: await ours('kubelet'),
    controllerManager: await ours('kube-controller-manager'),
    scheduler: await ours('kube-scheduler'),
  };
}

const wanted = 'install it: apt-get install containerd runc containernetworking-plugins';
const isThere = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

async function installed(command: string, env: Environment): Promise<string> {
  for (const folder of [...(env.PATH ?? '').split(delimiter), '/usr/sbin']) {
    if (await isThere(join(folder, command))) return join(folder, command);
  }
  throw new Error(`${command} is not on the PATH; ${wanted}`);
}

async function cniFolder(env: Environment): Promise<string> {
  for (const folder of [env.CNI_PATH ?? '', '/usr/lib/cni', '/opt/cni/bin']) {
    if (await isThere(join(folder, 'bridge'))) return folder;
  }
  throw new Error(`no CNI plugins are in /usr/lib/cni, /opt/cni/bin or $CNI_PATH; ${wanted}`);
}
