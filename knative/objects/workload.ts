/** A Deployment of the command line, with the Service in front of it. */
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IService } from 'kubernetes-models/v1/Service';
import { account } from './access.ts';
import { container, documentsVolume, type Program } from './container.ts';
import { type Component, http, labelsOf, nameOf, namespace, partOf, sinkPort } from './names.ts';

export interface Workload extends Program {
  readonly component: Exclude<Component, 'nats'>;
  /** Knative sends events to its Service. */
  readonly isSink?: true;
}

export function workload({ component, isSink, ...program }: Workload): [IDeployment, IService] {
  const metadata = { name: nameOf(component), namespace, labels: { ...partOf, ...labelsOf(component) } };
  const deployment: IDeployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: 2,
      selector: { matchLabels: labelsOf(component) },
      template: {
        metadata: { labels: { ...partOf, ...labelsOf(component) } },
        spec: {
          serviceAccountName: account[component],
          // Who has the documents in the cluster speaks to its API server.
          automountServiceAccountToken: program.documents !== undefined,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          // What is under way has ten seconds to end.
          terminationGracePeriodSeconds: 30,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labelsOf(component) },
            },
          ],
          containers: [
            {
              ...container(program),
              name: component,
              ports: [{ name: http.name, containerPort: http.port }],
            },
          ],
          ...(program.documents ? {} : { volumes: [documentsVolume] }),
        },
      },
    },
  };
  const service: IService = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      selector: labelsOf(component),
      ports: [{ name: http.name, port: http.port, targetPort: http.name }, ...(isSink ? [sinkPort] : [])],
    },
  };
  return [deployment, service];
}

/** Pulls from the stream and posts to the function Services of its own namespace. */
export const dispatcher = workload({
  component: 'dispatcher',
  args: ['/app/causeway.mjs', 'dispatch', '--to', 'http://{function}.$(POD_NAMESPACE).svc.cluster.local'],
  env: [{ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
  resources: { cpu: '250m', memory: '512Mi' },
});

/** Brings what the sites tell to the Broker: a SinkBinding tells it where that is. */
export const sources = workload({
  component: 'sources',
  args: ['/app/causeway.mjs', 'sources'],
  isSink: true,
  resources: { cpu: '100m', memory: '256Mi' },
});
