/**
 * The programs of a Kubernetes control plane, as little of it as has the API, its storage and its access control; and the
 * one that makes objects of the manifests.
 */
import type { Environment } from '../../infra/config/env.ts';
import { findProgram, type ToolSource } from '../../infra/sites/binaries.ts';
import { throughModule } from './go-module.ts';

const etcdVersion = 'v3.6.5';
const kubernetesMinor = 34;
const kubernetesPatch = 4;
const versionOf = 'k8s.io/component-base/version';

const etcd: ToolSource = {
  variable: 'ETCD_BIN',
  command: 'etcd',
  package: 'go.etcd.io/etcd/server/v3',
  version: etcdVersion,
  builtName: 'etcd',
  takes: 'about a minute',
  saysVersion: /^etcd Version: (\d+)\.(\d+)/m,
  atLeast: [3, 4],
  compile: throughModule({ module: 'go.etcd.io/etcd/server/v3', siblings: etcdVersion }),
};

/** Any program of Kubernetes' own repository, at the one version. */
export const kubernetesProgram = (command: string): ToolSource => ({
  variable: `${command.toUpperCase().replaceAll('-', '_')}_BIN`,
  command,
  package: `k8s.io/kubernetes/cmd/${command}`,
  version: `v1.${kubernetesMinor}.${kubernetesPatch}`,
  builtName: command,
  takes: 'about 5 minutes',
  saysVersion: /^Kubernetes v(\d+)\.(\d+)/m,
  atLeast: [1, 31],
  compile: throughModule({
    module: 'k8s.io/kubernetes',
    siblings: `v0.${kubernetesMinor}.${kubernetesPatch}`,
    variables: {
      [`${versionOf}.gitVersion`]: `v1.${kubernetesMinor}.${kubernetesPatch}`,
      [`${versionOf}.gitMajor`]: '1',
      [`${versionOf}.gitMinor`]: String(kubernetesMinor),
      [`${versionOf}.gitTreeState`]: 'clean',
    },
  }),
});

const kustomize: ToolSource = {
  variable: 'KUSTOMIZE_BIN',
  command: 'kustomize',
  package: 'sigs.k8s.io/kustomize/kustomize/v5',
  version: 'v5.8.1',
  builtName: 'kustomize',
  takes: 'about half a minute',
  saysVersion: /^v(\d+)\.(\d+)/m,
  versionArguments: ['version'],
  atLeast: [5, 0],
};

export interface ClusterPrograms {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kustomize: string;
}

/** One after another: a build takes both cores. */
export async function findClusterPrograms(
  env: Environment,
  report: (line: string) => void,
): Promise<ClusterPrograms> {
  return {
    etcd: await findProgram('etcd', etcd, env, report),
    kubeApiserver: await findProgram('kube-apiserver', kubernetesProgram('kube-apiserver'), env, report),
    kustomize: await findProgram('kustomize', kustomize, env, report),
  };
}
