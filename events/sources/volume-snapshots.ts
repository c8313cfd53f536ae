/**
 * A VolumeSnapshot or VolumeGroupSnapshot as the Kubernetes API shows it → CloudEvents.
 *
 * It reads states, not changes: a watch may skip states, and repeats them after each reconnect. A state implies facts
 * (created; ready or failed), a fact's id is a hash of the object's uid and of what makes the fact a new one, and what
 * was told before is left out. So all who look at an object tell the same events.
 *
 * - Ready is what `status.readyToUse` says, nothing else. It is told once for each content: a snapshot does not change.
 * - An error beside `readyToUse: true` is one of an earlier attempt. The snapshotter tries again and writes a new time:
 *   each error is a failure of its own.
 * - Deleted is an object that is gone; a deletion timestamp only announces it.
 */
import { z } from 'zod';
import { type CausewayEvent, type Draft, EventError, makeEvent } from '../cloudevent.ts';
import { identify } from '../identity.ts';
import {
  type Snapshot,
  type SnapshotError,
  snapshotFailedSchema,
  snapshotSchema,
} from '../snapshot-events.ts';

/** Some clients say null where a field is absent. */
const maybe = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);
const name = maybe(z.string());
const labels = maybe(z.record(z.string(), z.string()));
const objectSchema = z.object({
  kind: snapshotSchema.shape.kind,
  metadata: z.object({
    uid: z.string(),
    namespace: z.string(),
    name: z.string(),
    creationTimestamp: z.string(),
    labels,
  }),
  spec: z.object({
    source: z.object({
      persistentVolumeClaimName: name,
      volumeSnapshotContentName: name,
      volumeGroupSnapshotContentName: name,
      selector: maybe(z.object({ matchLabels: labels })),
    }),
    volumeSnapshotClassName: name,
    volumeGroupSnapshotClassName: name,
  }),
  status: maybe(
    z.object({
      boundVolumeSnapshotContentName: name,
      boundVolumeGroupSnapshotContentName: name,
      volumeGroupSnapshotName: name,
      creationTime: name,
      readyToUse: maybe(z.boolean()),
      restoreSize: maybe(z.union([z.string(), z.number()])),
      error: maybe(z.object({ message: name, time: name })),
    }),
  ),
});

/** A state of an object. */
export const snapshotStateSchema = z.object({
  snapshot: snapshotSchema,
  isReady: z.boolean(),
  error: snapshotFailedSchema.shape.error.optional(),
  /** It is no more. */
  isGone: z.boolean(),
});
export type SnapshotState = z.infer<typeof snapshotStateSchema>;

/** Throws EventError for what is no such object. */
export function readSnapshot(cluster: string, object: unknown): SnapshotState {
  const { kind, metadata, spec, status } = parse(objectSchema, object);
  const { source } = spec;
  const snapshot = parse(snapshotSchema, {
    cluster,
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    labels: metadata.labels ?? {},
    createdAt: metadata.creationTimestamp,
    source: {
      claim: source.persistentVolumeClaimName,
      labels: source.selector?.matchLabels,
      content: source.volumeSnapshotContentName ?? source.volumeGroupSnapshotContentName,
    },
    class: spec.volumeSnapshotClassName ?? spec.volumeGroupSnapshotClassName,
    group: status?.volumeGroupSnapshotName,
    content: status?.boundVolumeSnapshotContentName ?? status?.boundVolumeGroupSnapshotContentName,
    takenAt: status?.creationTime,
    restoreSize: status?.restoreSize?.toString(),
  });
  const isReady = status?.readyToUse === true;
  return { snapshot, isReady, error: isReady ? undefined : status?.error, isGone: false };
}

function parse<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EventError('malformed', `not a volume snapshot: ${z.prettifyError(parsed.error)}`);
}

/** What is remembered of an object. */
export const knownSnapshotSchema = z.object({
  /** The last state that there was something to tell of. */
  state: snapshotStateSchema,
  /** Ids of what can be told once, and was. */
  told: z.array(z.string()),
  /** Ids of the last failures that were told. */
  failures: z.array(z.string()),
});
export type KnownSnapshot = z.infer<typeof knownSnapshotSchema>;

/** A snapshotter tries without end; who looks at an older state than others is never that far behind. */
const failuresKept = 16;

/** What a state tells that was not told yet, and what is known when that is told. */
export function newsOf(
  state: SnapshotState,
  known: Pick<KnownSnapshot, 'told' | 'failures'> | undefined,
  nowMs: number,
): { readonly events: readonly CausewayEvent[]; readonly known: KnownSnapshot } {
  const { snapshot, isReady, error, isGone } = state;
  const now = new Date(nowMs).toISOString();
  const heard = new Set([...(known?.told ?? []), ...(known?.failures ?? [])]);
  const isNews = ({ id }: CausewayEvent): boolean => !heard.has(id);
  const once = [
    make({ type: 'dev.causeway.snapshot.created.v1', data: snapshot }, [], snapshot.createdAt),
    ...(isReady
      ? [make({ type: 'dev.causeway.snapshot.ready.v1', data: snapshot }, [snapshot.content], now)]
      : []),
  ].filter(isNews);
  const failures = (error ? [failureOf(snapshot, error, now)] : []).filter(isNews);
  const last = isGone
    ? [make({ type: 'dev.causeway.snapshot.deleted.v1', data: snapshot }, [], now)].filter(isNews)
    : [];
  const idsOf = (events: readonly CausewayEvent[]): string[] => events.map(({ id }) => id);
  return {
    events: [...once, ...failures, ...last],
    known: {
      state,
      told: [...(known?.told ?? []), ...idsOf(once), ...idsOf(last)],
      failures: [...(known?.failures ?? []), ...idsOf(failures)].slice(-failuresKept),
    },
  };
}

const failureOf = (snapshot: Snapshot, error: SnapshotError, now: string): CausewayEvent =>
  make(
    { type: 'dev.causeway.snapshot.failed.v1', data: { ...snapshot, error } },
    [error.time, error.message],
    error.time ?? now,
  );

type SnapshotDraft = Extract<Draft, { readonly data: Snapshot }>;

function make(
  draft: SnapshotDraft,
  occurrence: readonly (string | undefined)[],
  time: string,
): CausewayEvent {
  const { uid, cluster, namespace } = draft.data;
  return makeEvent(draft, {
    id: identify('snapshot', uid, draft.type, ...occurrence),
    source: `kubernetes:snapshot.${cluster}.${namespace}`,
    time,
  });
}
