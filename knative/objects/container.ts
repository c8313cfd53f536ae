/** What every container of ours has: what it may not do, its settings, its documents, its probes. */
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IEnvVar } from 'kubernetes-models/v1/EnvVar';
import type { ISecurityContext } from 'kubernetes-models/v1/SecurityContext';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import { clusterSettings, http, image, nameOf, own } from './names.ts';

/** Debian's distroless `nonroot`, and anybody's but root. */
const user = 65_532;

export const hardened: ISecurityContext = {
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: user,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const folder = '/etc/causeway';

const natsSecret = (name: string, key: string): IEnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: own.nats, key } },
});

const natsSettings: IEnvVar[] = [
  natsSecret('NATS_USER', 'user'),
  natsSecret('NATS_PASSWORD', 'password'),
  { name: 'CAUSEWAY_NATS_URL', value: `nats://$(NATS_USER):$(NATS_PASSWORD)@${nameOf('nats')}:4222` },
  { name: 'CAUSEWAY_NATS_REPLICAS', value: '3' },
];
const documentsFile: IEnvVar = { name: 'CAUSEWAY_DOCUMENTS', value: `${folder}/causeway.yaml` };

/** Of what follows the cluster's own objects; without it they are not followed. */
export const siteSetting: IEnvVar = {
  name: 'CAUSEWAY_SITE',
  valueFrom: { configMapKeyRef: { name: clusterSettings, key: 'site', optional: true } },
};

export const documentsVolume: IVolume = { name: 'documents', configMap: { name: own.documents } };

export interface Program {
  /** A file of `npm run bundle`, and its arguments: the image runs Node. */
  readonly args: readonly string[];
  readonly resources: {
    readonly cpu: string;
    /** Requested, and the limit: memory cannot be taken back. */
    readonly memory: string;
  };
  readonly env?: readonly IEnvVar[];
  /** Where they are; by default in a file of the ConfigMap. */
  readonly documents?: 'in the cluster';
  /** By default it is told where NATS is. */
  readonly nats?: false;
}

export function container({
  args,
  resources,
  env = [],
  documents,
  nats,
}: Program): Omit<IContainer, 'name' | 'ports'> {
  const { cpu, memory } = resources;
  const probe = (path: string) => ({
    httpGet: { path, port: http.port },
    periodSeconds: 5,
    timeoutSeconds: 3,
  });
  return {
    image,
    args: [...args],
    env: [...(nats === false ? [] : natsSettings), ...(documents ? [] : [documentsFile]), ...env],
    // Custom resources name Secrets of their own, as a rule.
    envFrom: [{ secretRef: { name: own.credentials, ...(documents ? { optional: true } : {}) } }],
    readinessProbe: { ...probe('/health/readiness'), failureThreshold: 2 },
    livenessProbe: { ...probe('/health/liveness'), initialDelaySeconds: 10, failureThreshold: 6 },
    resources: { requests: { cpu, memory }, limits: { memory } },
    securityContext: hardened,
    ...(documents
      ? {}
      : { volumeMounts: [{ name: documentsVolume.name, mountPath: folder, readOnly: true }] }),
  };
}
