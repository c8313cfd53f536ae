/** The objects that are made for a VolumeReplication, as they are sent to the API server. */
import type {
  V1Job,
  V1OwnerReference,
  V1PersistentVolumeClaim,
  V1SecurityContext,
} from '@kubernetes/client-node';
import { environmentPrefix } from '../../volumes/open-volume.ts';

export interface VolumeSnapshotObject {
  readonly apiVersion: 'snapshot.storage.k8s.io/v1';
  readonly kind: 'VolumeSnapshot';
  readonly metadata: Metadata;
  readonly spec: {
    readonly source: { readonly persistentVolumeClaimName: string };
    readonly volumeSnapshotClassName?: string;
  };
}

/** The controller's, of what goes with the document. */
export interface Metadata {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly ownerReferences?: V1OwnerReference[];
}

export type Manifest =
  | VolumeSnapshotObject
  | (V1PersistentVolumeClaim & { readonly kind: 'PersistentVolumeClaim'; readonly metadata: Metadata })
  | (V1Job & { readonly kind: 'Job'; readonly metadata: Metadata });

export function volumeSnapshot(metadata: Metadata, claim: string, className: string | undefined): Manifest {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata,
    spec: {
      source: { persistentVolumeClaimName: claim },
      ...(className === undefined ? {} : { volumeSnapshotClassName: className }),
    },
  };
}

export interface ClaimWanted {
  readonly size: string;
  readonly accessModes: readonly string[];
  readonly storageClassName?: string | undefined;
  /** What it is made of. */
  readonly from?: { readonly kind: 'VolumeSnapshot' | 'PersistentVolumeClaim'; readonly name: string };
}

export function volumeClaim(metadata: Metadata, wanted: ClaimWanted): Manifest {
  const { size, accessModes, storageClassName, from } = wanted;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata,
    spec: {
      accessModes: [...accessModes],
      volumeMode: 'Filesystem',
      resources: { requests: { storage: size } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
      ...(from === undefined
        ? {}
        : {
            dataSource: {
              ...(from.kind === 'VolumeSnapshot' ? { apiGroup: 'snapshot.storage.k8s.io' } : {}),
              ...from,
            },
          }),
    },
  };
}

export interface MoverWanted {
  readonly image: string;
  readonly args: readonly string[];
  readonly claim: string;
  readonly isReadOnly: boolean;
  readonly secretName: string;
}

/** Where the mover finds the certificate authorities of the site, of the Secret's `ca.crt`. */
const authorityFolder = '/etc/causeway/repository';
export const authorityFile = `${authorityFolder}/ca.crt`;

/** Where the volume is mounted: snapshots know it by this name. */
export const directory = '/causeway/volume';

/**
 * Files of any owner are read and made: that is root's, with no more than it takes. Pod Security `baseline` allows it.
 */
const security: V1SecurityContext = {
  runAsUser: 0,
  runAsGroup: 0,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'], add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Each from the Secret's field; movers tell the stream what they did where they are told of it. */
const variables = {
  [`${environmentPrefix}_ACCESS_KEY_ID`]: 'accessKeyId',
  [`${environmentPrefix}_SECRET_ACCESS_KEY`]: 'secretAccessKey',
  [`${environmentPrefix}_SESSION_TOKEN`]: 'sessionToken',
  [`${environmentPrefix}_PASSWORD`]: 'password',
  CAUSEWAY_NATS_URL: 'natsUrl',
} as const;
const optional: readonly string[] = ['sessionToken', 'natsUrl'];

export function moverJob(metadata: Metadata, wanted: MoverWanted): Manifest {
  const { image, args, claim, isReadOnly, secretName } = wanted;
  const { labels } = metadata;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: {
      backoffLimit: 2,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          containers: [
            {
              name: 'mover',
              image,
              args: [...args],
              env: Object.entries(variables).map(([name, key]) => ({
                name,
                valueFrom: {
                  secretKeyRef: {
                    name: secretName,
                    key,
                    ...(optional.includes(key) ? { optional: true } : {}),
                  },
                },
              })),
              // Its last words are what the VolumeReplication shows.
              terminationMessagePolicy: 'FallbackToLogsOnError',
              resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '2Gi' } },
              securityContext: security,
              volumeMounts: [
                { name: 'volume', mountPath: directory, readOnly: isReadOnly },
                { name: 'scratch', mountPath: '/tmp' },
                { name: 'authority', mountPath: authorityFolder, readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'volume', persistentVolumeClaim: { claimName: claim, readOnly: isReadOnly } },
            { name: 'scratch', emptyDir: {} },
            {
              name: 'authority',
              secret: { secretName, optional: true, items: [{ key: 'ca.crt', path: 'ca.crt' }] },
            },
          ],
        },
      },
    },
  };
}
