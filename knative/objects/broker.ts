/** The Broker, a Trigger for each function, the clock, and what tells pods where the Broker is. */
import type { IBroker } from '@kubernetes-models/knative/eventing.knative.dev/v1/Broker';
import type { ITrigger } from '@kubernetes-models/knative/eventing.knative.dev/v1/Trigger';
import type { IPingSource } from '@kubernetes-models/knative/sources.knative.dev/v1/PingSource';
import type { ISinkBinding } from '@kubernetes-models/knative/sources.knative.dev/v1/SinkBinding';
import type { FunctionDefinition } from '../../functions/define.ts';
import { functionRole, brokerName as name, nameOf, namespace, partOf } from './names.ts';
import { scaleOf } from './scale.ts';

const brokerRef = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name };
const serviceRef = (service: string) => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  name: service,
});

/** After the last try the event goes to the ledger, which tries without end. */
const delivery = {
  retry: 5,
  backoffPolicy: 'exponential',
  backoffDelay: 'PT1S',
  deadLetterSink: {
    ref: { apiVersion: 'v1', kind: 'Service', name: nameOf('sources') },
    uri: '/undelivered',
  },
} as const;

export const broker: IBroker = {
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Broker',
  metadata: {
    name,
    namespace,
    labels: { ...partOf },
    annotations: {
      'eventing.knative.dev/broker.class': 'NatsJetStreamBroker',
      'natsjetstream.eventing.knative.dev/config': JSON.stringify({
        stream: { retention: 'Limits', storage: 'File', replicas: 3, maxAge: '168h', discard: 'Old' },
        // One may be away: its node is drained, or gone.
        filter: { replicas: 2 },
      }),
    },
  },
  spec: { delivery },
};

/** By type, one event at a time; it waits for the function as long as a request may last. */
export const triggerOf = ({ name: subscriber, on }: FunctionDefinition): ITrigger => ({
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Trigger',
  metadata: { name: subscriber, namespace, labels: { ...partOf } },
  spec: {
    broker: name,
    filters: [{ any: on.map((type) => ({ exact: { type } })) }],
    subscriber: { ref: serviceRef(subscriber) },
    delivery: { ...delivery, timeout: `PT${scaleOf(subscriber).seconds}S` },
  },
});

/** The clock of the walk: cron knows no seconds, so that a Broker's walks are a minute apart at least. */
export const clock: IPingSource = {
  apiVersion: 'sources.knative.dev/v1',
  kind: 'PingSource',
  metadata: { name: 'scan', namespace, labels: { ...partOf } },
  spec: {
    schedule: '* * * * *',
    contentType: 'application/json',
    data: '{}',
    sink: { ref: serviceRef('scan-retry') },
  },
};

/** Its status is Knative's to write. */
type Binding = Omit<ISinkBinding, 'status'>;

const binding = (of: string, spec: Binding['spec']): Binding => ({
  apiVersion: 'sources.knative.dev/v1',
  kind: 'SinkBinding',
  metadata: { name: of, namespace, labels: { ...partOf } },
  spec,
});

/** K_SINK of whatever publishes. */
export const bindings: readonly Binding[] = [
  binding(nameOf('sources'), {
    subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: nameOf('sources') },
    sink: { ref: brokerRef },
  }),
  binding('causeway-functions', {
    subject: {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      namespace,
      selector: { matchLabels: functionRole },
    },
    sink: { ref: brokerRef },
  }),
];
