/** How the API server is reached: $KUBECONFIG or ~/.kube/config, else as a pod of the cluster. */
import { KubeConfig } from '@kubernetes/client-node';
import { messageOf } from '../../functions/errors.ts';

export interface ClusterAccess {
  readonly config: KubeConfig;
  /** Of the pod, or of the context. */
  readonly namespace: string;
}

/** The message says what is missing. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}

export function readKubeConfig(): ClusterAccess {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (cause) {
    throw new KubeConfigError(`the kubeconfig cannot be read: ${messageOf(cause)}`, { cause });
  }
  const cluster = config.getCurrentCluster();
  // The client's own guess, where it found nothing.
  if (!cluster || cluster.server === 'http://localhost:8080')
    throw new KubeConfigError(
      'there is no cluster: set KUBECONFIG, or run in a pod with the token of its account',
    );
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  return { config, namespace: namespace?.trim() || 'default' };
}
