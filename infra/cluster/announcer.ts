/** News of an object as Kubernetes Events, which `kubectl describe` shows. Whoever misses one has the conditions. */
import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../functions/ports.ts';
import type { ClusterObject } from './cluster-object.ts';
import type { Verdict } from './conditions.ts';
import { within } from './resource.ts';

export interface Announcer {
  /** Resolves when it is told, or could not be. */
  announce(object: ClusterObject, news: Verdict): Promise<void>;
}

/** The API server takes no more. */
const mostWords = 1024;

export function createAnnouncer(config: KubeConfig, clock: Clock, signal: AbortSignal): Announcer {
  const api = config.makeApiClient(CustomObjectsApi);
  return {
    async announce({ apiVersion, kind, metadata }, { status, reason, message }) {
      const { name, namespace, uid, resourceVersion } = metadata;
      const time = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
      const body = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: `${name}.` },
        involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
        type: status === 'False' ? 'Warning' : 'Normal',
        reason,
        message: message.slice(0, mostWords),
        source: { component: 'causeway-controller' },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      };
      const at = { group: '', version: 'v1', plural: 'events', namespace };
      await api.createNamespacedCustomObject({ ...at, body }, within(signal)).catch(() => undefined);
    },
  };
}
