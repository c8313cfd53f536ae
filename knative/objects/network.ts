/**
 * Who may reach whom. Each policy chooses pods of ours; what Knative runs in the same namespace is left alone. Sites are
 * anywhere: what goes out is bounded by the cloud's metadata address only, which nobody here needs.
 */
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { functionRole, http, labelsOf, nameOf, namespace, partOf } from './names.ts';

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

const outward: Rules['egress'] = [
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

const to = (port: number, protocol: 'TCP' | 'UDP' = 'TCP') => [{ protocol, port }];

const command = (component: 'dispatcher' | 'sources'): INetworkPolicy =>
  policy(nameOf(component), labelsOf(component), {
    // A site's webhook comes here too.
    ingress: [{ from: [monitoring, sites, knative], ports: to(http.port) }],
    egress: outward,
  });

/** The queue proxy beside each function has ports of its own. */
export const functionPolicy = policy('causeway-functions', functionRole, {
  ingress: [{ from: [knative, gateways] }, { from: [monitoring], ports: to(http.port) }],
  egress: outward,
});

export const dispatcherPolicy = command('dispatcher');
export const sourcesPolicy = command('sources');

export const natsPolicy = policy(nameOf('nats'), labelsOf('nats'), {
  ingress: [
    {
      from: [pods(functionRole), pods(labelsOf('dispatcher')), pods(labelsOf('sources')), knative, sites],
      ports: to(4222),
    },
    { from: [pods(labelsOf('nats'))], ports: to(6222) },
    { from: [monitoring, namespaces('keda')], ports: to(8222) },
  ],
  egress: [{ to: [pods(labelsOf('nats'))], ports: to(6222) }, { ports: [...to(53, 'UDP'), ...to(53)] }],
});
