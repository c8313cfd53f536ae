/** What Prometheus (by its operator) reads: the processes that run all the time, and the pods of functions. */
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { functionRole, http, namespace, partOf, receiverRole } from './names.ts';

const path = '/metrics';
const interval = '15s';

export const serviceMonitor: IServiceMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'ServiceMonitor',
  metadata: { name: 'causeway', namespace, labels: { ...partOf } },
  spec: {
    selector: {
      matchExpressions: [
        { key: 'app.kubernetes.io/component', operator: 'In', values: ['dispatcher', 'sources'] },
      ],
      matchLabels: { ...partOf },
    },
    endpoints: [{ port: http.name, path, interval }],
  },
};

/** Past the queue proxy: to be read must not count as a request that keeps a pod alive. */
export const podMonitor: IPodMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  metadata: { name: 'causeway-functions', namespace, labels: { ...partOf } },
  spec: {
    selector: {
      matchExpressions: [
        {
          key: 'causeway.dev/role',
          operator: 'In',
          values: [functionRole, receiverRole].map((role) => role['causeway.dev/role']),
        },
      ],
    },
    podMetricsEndpoints: [{ port: 'user-port', path, interval }],
  },
};
