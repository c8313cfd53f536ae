/** Objects of the cluster, as far as volumes are concerned. */
import { z } from 'zod';
import type { Named } from '../cluster-object.ts';
import { label } from './names.ts';
import type { SeenClaim, SeenClass, SeenJob, SeenSnapshot } from './observed.ts';

export interface Read<Seen> extends Named {
  readonly seen: Seen;
  /** It is being deleted: what is done with it has to be done without it. */
  readonly isGoing: boolean;
}

const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const metadata = z.object({
  name: z.string(),
  // Classes have none.
  namespace: z.string().default(''),
  uid: z.string(),
  resourceVersion: z.string(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().nullish(),
  labels: strings,
  annotations: strings,
});

const claimSchema = z.object({
  metadata,
  spec: z.object({
    volumeMode: z.string().default('Filesystem'),
    storageClassName: z.string().nullish(),
    accessModes: z.array(z.string()).default([]),
    resources: z.object({ requests: strings }).default({ requests: {} }),
  }),
  status: z
    .object({ phase: z.string().default('Pending'), capacity: strings })
    .default({ phase: 'Pending', capacity: {} }),
});

const snapshotSchema = z.object({
  metadata,
  spec: z.object({ source: z.object({ persistentVolumeClaimName: z.string().nullish() }) }),
  status: z
    .object({
      readyToUse: z.boolean().nullish(),
      creationTime: z.string().nullish(),
      restoreSize: z.coerce.string().nullish(),
      error: z.object({ message: z.string().nullish() }).nullish(),
    })
    .nullish(),
});

const jobSchema = z.object({
  metadata,
  status: z
    .object({
      completionTime: z.string().nullish(),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            lastTransitionTime: z.string().nullish(),
            message: z.string().nullish(),
          }),
        )
        .nullish(),
    })
    .default({}),
});

type Metadata = z.infer<typeof metadata>;
const common = ({ name, uid, labels, creationTimestamp: createdAt }: Metadata) => ({
  name,
  uid,
  labels,
  createdAt,
});

const readAs = <Seen>(metadata: Metadata, seen: Seen): Read<Seen> => ({
  metadata,
  seen,
  isGoing: typeof metadata.deletionTimestamp === 'string',
});

/** Undefined for what is no such object. */
export function readClaim(value: unknown): Read<SeenClaim> | undefined {
  const { data } = claimSchema.safeParse(value);
  if (!data) return undefined;
  const { volumeMode, accessModes, resources } = data.spec;
  const { phase, capacity } = data.status;
  return readAs(data.metadata, {
    ...{ ...common(data.metadata), annotations: data.metadata.annotations },
    ...{ volumeMode, accessModes, phase, size: resources.requests.storage ?? '', capacity: capacity.storage },
    storageClassName: data.spec.storageClassName || undefined,
  });
}

export function readSnapshotObject(value: unknown): Read<SeenSnapshot> | undefined {
  const { data } = snapshotSchema.safeParse(value);
  if (!data) return undefined;
  const { spec, status } = data;
  const seen = {
    ...common(data.metadata),
    claim: spec.source.persistentVolumeClaimName ?? undefined,
    isReady: status?.readyToUse === true,
    takenAt: status?.creationTime ?? undefined,
    restoreSize: status?.restoreSize ?? undefined,
    error: status?.error ? (status.error.message ?? 'it does not say why') : undefined,
  };
  return readAs(data.metadata, seen);
}

const classSchema = z.object({ metadata });
/** One is older than the other, and still read. */
const defaultMarks = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
  'snapshot.storage.kubernetes.io/is-default-class',
];

/** A StorageClass or a VolumeSnapshotClass. */
export function readClass(value: unknown): Read<SeenClass> | undefined {
  const { data } = classSchema.safeParse(value);
  if (!data) return undefined;
  const { name, annotations } = data.metadata;
  return readAs(data.metadata, {
    name,
    isDefault: defaultMarks.some((mark) => annotations[mark] === 'true'),
  });
}

/** Only those that were made for a VolumeReplication. */
export function readJob(value: unknown): Read<SeenJob> | undefined {
  const { data } = jobSchema.safeParse(value);
  if (data?.metadata.labels[label.replication] === undefined) return undefined;
  const { conditions, completionTime } = data.status;
  const holds = (type: string) => conditions?.find((one) => one.type === type && one.status === 'True');
  const [complete, failed] = [holds('Complete'), holds('Failed')];
  const at = completionTime ?? (complete ?? failed)?.lastTransitionTime ?? data.metadata.creationTimestamp;
  const state: SeenJob['state'] = complete
    ? { kind: 'succeeded', at }
    : failed
      ? { kind: 'failed', at, words: failed.message ?? 'it failed' }
      : { kind: 'running' };
  const { annotations } = data.metadata;
  return readAs(data.metadata, { ...common(data.metadata), annotations, state });
}

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ creationTimestamp: z.coerce.string().default('') }),
      status: z
        .object({
          conditions: z
            .array(z.object({ type: z.string(), status: z.string(), message: z.string().nullish() }))
            .nullish(),
          containerStatuses: z
            .array(
              z.object({
                state: z
                  .object({
                    waiting: z
                      .object({ reason: z.string().nullish(), message: z.string().nullish() })
                      .nullish(),
                    terminated: z.object({ message: z.string().nullish() }).nullish(),
                  })
                  .nullish(),
              }),
            )
            .nullish(),
        })
        .nullish(),
    }),
  ),
});

/** Why the pods of a Job do not come to their end, in their own words; undefined where they say nothing. */
export function troubleOfPods(list: unknown): string | undefined {
  const pods = podsSchema.safeParse(list).data?.items ?? [];
  const newest = pods.toSorted((one, other) =>
    other.metadata.creationTimestamp.localeCompare(one.metadata.creationTimestamp),
  );
  for (const { status } of newest) {
    const states = status?.containerStatuses?.flatMap(({ state }) => state ?? []) ?? [];
    const ended = states.flatMap(({ terminated }) => terminated?.message ?? [])[0];
    if (ended !== undefined) return ended.trim();
    const waiting = states.flatMap(({ waiting }) => (waiting?.message ? [waiting.message] : []))[0];
    if (waiting !== undefined) return waiting;
    const unscheduled = status?.conditions?.find(
      (one) => one.type === 'PodScheduled' && one.status === 'False',
    );
    if (unscheduled?.message) return unscheduled.message;
  }
  return undefined;
}
