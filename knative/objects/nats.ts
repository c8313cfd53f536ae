/**
 * NATS: three servers, one stream on all of them, each write on disk before it is acknowledged. They spread over zones;
 * one may be away at a time.
 */
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IEnvVar } from 'kubernetes-models/v1/EnvVar';
import type { IService } from 'kubernetes-models/v1/Service';
import { account } from './access.ts';
import { hardened } from './container.ts';
import { labelsOf, nameOf, namespace, natsImage, own, partOf } from './names.ts';

const name = nameOf('nats');
const peers = `${name}-peers`;
const metadata = { name, namespace, labels: { ...partOf, ...labelsOf('nats') } };
const selector = labelsOf('nats');
const ports = { client: 4222, cluster: 6222, monitor: 8222 } as const;
const servers = 3;
const grace = 60;

const login = 'nats://$(NATS_USER):$(NATS_PASSWORD)';
const routes = Array.from(
  { length: servers },
  (_, index) => `${login}@${name}-${index}.${peers}:${ports.cluster}`,
);

/** The configuration file reads variables as values of its own kinds (12e3 is a number), and never within text. */
const secrets = [
  ...['--user', '$(NATS_USER)', '--pass', '$(NATS_PASSWORD)'],
  ...['--cluster', `${login}@0.0.0.0:${ports.cluster}`, '--routes', routes.join(',')],
];

/** Streams reserve what they may grow to: 17 GiB of events, raw notifications and dead letters. */
const configuration = `port: ${ports.client}
http_port: ${ports.monitor}
max_payload: 8MB
lame_duck_grace_period: 10s
lame_duck_duration: 30s
jetstream {
  store_dir: /data
  max_file_store: 22GiB
  max_memory_store: 64MiB
  # The default writes to disk each two minutes: what was acknowledged since would be lost with the power.
  sync_interval: always
}
cluster {
  name: causeway
}
`;

const config: IConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata,
  data: { 'nats.conf': configuration },
};

const service: IService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata,
  spec: { selector, ports: [{ name: 'client', port: ports.client, targetPort: 'client' }] },
};

const headless: IService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...metadata, name: peers },
  spec: {
    selector,
    clusterIP: 'None',
    // They have to find each other before any of them is ready.
    publishNotReadyAddresses: true,
    ports: Object.entries(ports).map(([port, number]) => ({ name: port, port: number, targetPort: port })),
  },
};

const fromSecret = (variable: string, key: string): IEnvVar => ({
  name: variable,
  valueFrom: { secretKeyRef: { name: own.nats, key } },
});
const healthy = (path: string) => ({
  httpGet: { path, port: 'monitor' },
  periodSeconds: 5,
  timeoutSeconds: 3,
});

const statefulSet: IStatefulSet = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata,
  spec: {
    replicas: servers,
    serviceName: peers,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: selector },
    template: {
      metadata: { labels: { ...partOf, ...selector } },
      spec: {
        serviceAccountName: account.nats,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: grace,
        securityContext: {
          runAsNonRoot: true,
          fsGroup: hardened.runAsGroup ?? 0,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
          (topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: selector },
          }),
        ),
        containers: [
          {
            name: 'nats',
            image: natsImage,
            command: ['nats-server', '--config', '/etc/nats/nats.conf', '--name', '$(POD_NAME)', ...secrets],
            env: [
              { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              fromSecret('NATS_USER', 'user'),
              fromSecret('NATS_PASSWORD', 'password'),
            ],
            ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
            startupProbe: { ...healthy('/healthz?js-enabled-only=true'), failureThreshold: 60 },
            readinessProbe: healthy('/healthz?js-server-only=true'),
            livenessProbe: { ...healthy('/healthz?js-enabled-only=true'), failureThreshold: 6 },
            resources: { requests: { cpu: '250m', memory: '512Mi' }, limits: { memory: '1Gi' } },
            securityContext: hardened,
            volumeMounts: [
              { name: 'config', mountPath: '/etc/nats', readOnly: true },
              { name: 'data', mountPath: '/data' },
            ],
          },
        ],
        volumes: [{ name: 'config', configMap: { name } }],
      },
    },
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '24Gi' } } },
      },
    ],
  },
};

export const nats = [config, service, headless, statefulSet];
/** For KEDA, which asks the servers themselves. */
export const monitoringEndpoint = `${peers}.${namespace}.svc.cluster.local:${ports.monitor}`;
