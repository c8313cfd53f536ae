/** A function as a Knative Service, reached inside the cluster only. */
import type { IService } from '@kubernetes-models/knative/serving.knative.dev/v1/Service';
import type { FunctionDefinition, ReceiverDefinition } from '../../functions/define.ts';
import { account } from './access.ts';
import { container, documentsVolume, type Program } from './container.ts';
import { functionRole, http, namespace, partOf, receiverRole } from './names.ts';
import { scaleOf } from './scale.ts';

interface Kind extends Pick<Program, 'nats'> {
  readonly role: typeof functionRole | typeof receiverRole;
  readonly account: string;
}

export const functionService = ({ name, on }: FunctionDefinition): IService =>
  service(name, on, { role: functionRole, account: account.functions });

export const receiverService = ({ name, on }: ReceiverDefinition): IService =>
  service(name, [on], { role: receiverRole, account: account.receiver, nats: false });

function service(name: string, on: readonly string[], { role, account: own, ...kind }: Kind): IService {
  const { concurrency, leastPods, mostPods, seconds, cpu, memory } = scaleOf(name);
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      labels: { ...partOf, ...role, 'networking.knative.dev/visibility': 'cluster-local' },
      annotations: { 'causeway.dev/on': on.join(' ') },
    },
    spec: {
      template: {
        metadata: {
          labels: { ...partOf, ...role },
          annotations: {
            'autoscaling.knative.dev/metric': 'concurrency',
            'autoscaling.knative.dev/target-utilization-percentage': '80',
            'autoscaling.knative.dev/min-scale': String(leastPods),
            'autoscaling.knative.dev/max-scale': String(mostPods),
          },
        },
        spec: {
          serviceAccountName: own,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          containerConcurrency: concurrency,
          timeoutSeconds: seconds,
          // An answer begins when the work is done; Knative would wait half as long for its beginning.
          responseStartTimeoutSeconds: seconds,
          containers: [
            {
              ...container({ args: [`/app/${name}.mjs`], resources: { cpu, memory }, ...kind }),
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
