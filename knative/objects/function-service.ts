/** A function as a Knative Service, reached inside the cluster only. */
import type { IService } from '@kubernetes-models/knative/serving.knative.dev/v1/Service';
import type { FunctionDefinition } from '../../functions/define.ts';
import { account } from './access.ts';
import { container, documentsVolume } from './container.ts';
import { functionRole, http, namespace, partOf } from './names.ts';
import { scaleOf } from './scale.ts';

export function functionService({ name, on }: FunctionDefinition): IService {
  const { concurrency, leastPods, mostPods, seconds, cpu, memory } = scaleOf(name);
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      labels: { ...partOf, ...functionRole, 'networking.knative.dev/visibility': 'cluster-local' },
      annotations: { 'causeway.dev/on': on.join(' ') },
    },
    spec: {
      template: {
        metadata: {
          labels: { ...partOf, ...functionRole },
          annotations: {
            'autoscaling.knative.dev/metric': 'concurrency',
            'autoscaling.knative.dev/target-utilization-percentage': '80',
            'autoscaling.knative.dev/min-scale': String(leastPods),
            'autoscaling.knative.dev/max-scale': String(mostPods),
          },
        },
        spec: {
          serviceAccountName: account.functions,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          containerConcurrency: concurrency,
          timeoutSeconds: seconds,
          // An answer begins when the work is done; Knative would wait half as long for its beginning.
          responseStartTimeoutSeconds: seconds,
          containers: [
            {
              ...container({ args: [`/app/${name}.mjs`], resources: { cpu, memory } }),
              name: 'function',
              ports: [{ containerPort: http.port }],
            },
          ],
          volumes: [documentsVolume],
        },
      },
    },
  };
}
