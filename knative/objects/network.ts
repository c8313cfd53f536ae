/**
 * Who may reach whom. Each policy chooses pods of ours; what Knative runs in the same namespace is left alone. Sites are
 * anywhere: what goes out is bounded by the cloud's metadata address only, which nobody here needs.
 */
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import {
  apiServerSource,
  brokerFilter,
  functionRole,
  http,
  labelsOf,
  nameOf,
  namespace,
  partOf,
  receiverRole,
  snapshotsRole,
} from './names.ts';

type Rules = NonNullable<INetworkPolicy['spec']>;
type Peer = NonNullable<NonNullable<Rules['ingress']>[number]['from']>[number];

const pods = (matchLabels: Readonly<Record<string, string>>): Peer => ({ podSelector: { matchLabels } });
const namespaces = (...names: readonly string[]): Peer => ({
  namespaceSelector: {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [...names] }],
  },
});
/** Namespaces that whoever deploys has labelled so. */
const labelled = (label: string): Peer => ({ namespaceSelector: { matchLabels: { [label]: 'true' } } });

const knative = namespaces('knative-serving', 'knative-eventing');
/** Whichever carries requests to Knative Services here. */
const gateways = namespaces('kourier-system', 'istio-system', 'contour-internal', 'envoy-gateway-system');
const monitoring = labelled('causeway.dev/monitoring');
const sites = labelled('causeway.dev/site');

const to = (port: number, protocol: 'TCP' | 'UDP' = 'TCP') => [{ protocol, port }];

/** Wherever it is: a node's own name server has an address beside the metadata's. */
const names = { ports: [...to(53, 'UDP'), ...to(53)] };

const outward: Rules['egress'] = [
  names,
  {
    to: [
      { namespaceSelector: {} },
      { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } },
      { ipBlock: { cidr: '::/0', except: ['fe80::/10'] } },
    ],
  },
];

const policy = (name: string, chosen: Readonly<Record<string, string>>, rules: Rules): INetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace, labels: { ...partOf } },
  spec: { ...rules, podSelector: { matchLabels: chosen }, policyTypes: ['Ingress', 'Egress'] },
});

/** Beside what a policy of theirs lets in and out already. */
export const snapshotsPolicy: INetworkPolicy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'causeway-snapshots', namespace, labels: { ...partOf } },
  spec: {
    podSelector: { matchLabels: snapshotsRole },
    policyTypes: ['Ingress'],
    ingress: [{ from: [pods(apiServerSource)], ports: to(http.port) }],
  },
};

const command = (
  component: 'controller' | 'dispatcher' | 'sources',
  ...more: readonly Peer[]
): INetworkPolicy =>
  policy(nameOf(component), labelsOf(component), {
    // A site's webhook comes here too.
    ingress: [{ from: [monitoring, sites, knative, ...more], ports: to(http.port) }],
    egress: outward,
  });

/** The queue proxy beside each function has ports of its own. */
const served: Rules = {
  ingress: [{ from: [knative, gateways] }, { from: [monitoring], ports: to(http.port) }],
  egress: outward,
};
export const functionPolicy = policy('causeway-functions', functionRole, served);
export const receiverPolicy = policy('causeway-receiver', receiverRole, served);

export const dispatcherPolicy = command('dispatcher');
/** What the Broker cannot deliver its filter brings here. */
export const sourcesPolicy = command('sources', pods(brokerFilter));
export const controllerPolicy = command('controller');

export const natsPolicy = policy(nameOf('nats'), labelsOf('nats'), {
  ingress: [
    {
      from: [
        ...[functionRole, brokerFilter].map(pods),
        ...(['controller', 'dispatcher', 'sources'] as const).map((component) => pods(labelsOf(component))),
        ...[knative, sites],
      ],
      ports: to(4222),
    },
    { from: [pods(labelsOf('nats'))], ports: to(6222) },
    { from: [monitoring, namespaces('keda')], ports: to(8222) },
  ],
  egress: [{ to: [pods(labelsOf('nats'))], ports: to(6222) }, names],
});
