/** Names and labels that the objects share, and by which they find each other. */

export const namespace = 'causeway';
/** Whoever deploys sets the real one: kustomize's `images`. */
export const image = 'causeway:latest';
export const natsImage = 'nats:2.12-alpine';
export const http = { name: 'http', port: 8080 } as const;
/** Where Knative looks for a Service of Kubernetes that it is to send events to, whatever its other ports. */
export const sinkPort = { name: 'sink', port: 80, targetPort: http.name } as const;

export const partOf = { 'app.kubernetes.io/part-of': 'causeway' } as const;
/** Chosen by policies and monitors: every pod of a function has it. */
export const functionRole = { 'causeway.dev/role': 'function' } as const;
/** Of what takes stacks beside a target: it needs no NATS, and publishes nothing. */
export const receiverRole = { 'causeway.dev/role': 'receiver' } as const;

export const brokerName = 'causeway';
/** As NatsJetStreamBroker labels the pods that deliver a Broker's events, in the Broker's own namespace. */
export const brokerFilter = {
  'eventing.knative.dev/broker': brokerName,
  'eventing.knative.dev/role': 'filter',
} as const;

/** Of pods that take what an ApiServerSource tells of volume snapshots. */
export const snapshotsRole = { 'causeway.dev/takes': 'snapshots' } as const;
/** As Knative labels the pods that it makes of ApiServerSources, in their own namespace. */
export const apiServerSource = { 'eventing.knative.dev/source': 'apiserver-source-controller' } as const;

export type Component = 'controller' | 'dispatcher' | 'sources' | 'nats';
export const labelsOf = (component: Component) =>
  ({ 'app.kubernetes.io/name': 'causeway', 'app.kubernetes.io/component': component }) as const;

export const nameOf = (component: Component): string => `causeway-${component}`;

/** What whoever deploys makes, before or after the rest: pods wait for it. */
export const own = {
  /** ConfigMap: causeway.yaml, and the files it names. */
  documents: 'causeway-documents',
  /** Secret: PREFIX_ACCESS_KEY_ID and PREFIX_SECRET_ACCESS_KEY of each site. */
  credentials: 'causeway-credentials',
  /** Secret: user and password of NATS. */
  nats: 'causeway-nats',
} as const;

/** ConfigMap that whoever deploys may make: `site`, the site that the cluster stands beside. */
export const clusterSettings = 'causeway-cluster';
