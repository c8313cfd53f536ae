/** Dispatchers by what waits on the stream: KEDA asks NATS about the consumer of each link. */
import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { streamNames } from '../../infra/bus/streams.ts';
import { nameOf, namespace, partOf } from './names.ts';
import { monitoringEndpoint } from './nats.ts';

/** Events of one link that one dispatcher is for. */
const lagThreshold = '500';
const mostPods = 10;

export const scaledObject = (links: readonly string[]): IScaledObject => ({
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: nameOf('dispatcher'), namespace, labels: { ...partOf } },
  spec: {
    scaleTargetRef: { name: nameOf('dispatcher') },
    // Schedule and sources are the dispatcher's too: there is always one, and one to take its place.
    minReplicaCount: 2,
    maxReplicaCount: mostPods,
    pollingInterval: 10,
    cooldownPeriod: 300,
    triggers: links.map((consumer) => ({
      type: 'nats-jetstream',
      name: consumer.replaceAll('_', '-'),
      metadata: {
        natsServerMonitoringEndpoint: monitoringEndpoint,
        account: '$G',
        stream: streamNames.events,
        consumer,
        lagThreshold,
      },
    })),
  },
});

/** Their number is KEDA's then: applied again, the manifests would fight over it. */
export const unscaled = {
  target: { kind: 'Deployment', name: nameOf('dispatcher') },
  patch: JSON.stringify([{ op: 'remove', path: '/spec/replicas' }]),
} as const;
