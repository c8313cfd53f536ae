/** The end where a volume is: a point in time is taken when it is due, shown by a volume of its own, and shipped. */

import type { Method } from '../../config/volume-replication.ts';
import { shipCommand } from '../../volumes/tasks.ts';
import { type Due, missedBetween, momentOf, timetable } from './due.ts';
import {
  type End,
  nothing,
  type ObjectRef,
  ownedBy,
  pathOf,
  retryMs,
  type Steps,
  type Subject,
  whileWaiting,
} from './end.ts';
import { directory, type Manifest, moverJob, volumeClaim, volumeSnapshot } from './manifests.ts';
import { annotation, isForeign, isOf, label, labelsOf, objectName } from './names.ts';
import type { SeenClaim, SeenJob } from './observed.ts';

/** What is there of a sync. */
interface Under {
  readonly sync: string;
  readonly claim: SeenClaim;
  /** Made by somebody else: it stays. */
  readonly foreign: Due['snapshot'];
}

export function sourceEnd(subject: Subject, method: Method): End {
  const { owner, before, observed } = subject;
  const { shipped } = before;
  const source = observed.claims.find(({ name }) => name === subject.claim);
  const { due, next } = timetable(owner.spec.trigger, {
    ...observed,
    claim: subject.claim,
    shipped,
  });
  const againAfterMs = next === undefined ? undefined : Math.max(1000, next - observed.now);
  const idle = { ...nothing, status: before, againAfterMs };
  if (!source) {
    const message = `there is no claim ${subject.claim} in namespace ${owner.namespace}: create it`;
    return { ...idle, state: 'failed', reason: 'ClaimMissing', message };
  }
  if (source.volumeMode !== 'Filesystem') {
    const message = `claim ${source.name} has volumeMode ${source.volumeMode}: files are moved, so that it must be Filesystem`;
    return { ...idle, state: 'failed', reason: 'VolumeModeUnsupported', message };
  }
  const leftovers = remains(subject).filter(({ sync }) => sync === shipped?.sync);
  const cleanup = { ...idle, remove: leftovers.map(({ ref }) => ref) };
  const sync = begun(subject) ?? (owner.spec.paused ? undefined : due?.sync);
  if (sync === undefined) {
    const [reason, message] = owner.spec.paused
      ? ['Paused', 'nothing new begins: spec.paused']
      : ['Synced', shipped ? `shipped as of ${shipped.takenAt}` : 'waits for its trigger'];
    return { ...cleanup, state: 'idle', reason, message };
  }
  const under: Under = { sync, claim: source, foreign: due?.sync === sync ? due.snapshot : undefined };
  const step = stepOf(subject, method, under);
  return {
    ...step,
    againAfterMs: step.againAfterMs ?? againAfterMs,
    remove: [...cleanup.remove, ...step.remove],
  };
}

type Remain = { readonly sync: string; readonly ref: ObjectRef };

/** What was made for syncs and is still there. */
function remains({ owner, claim, observed }: Subject): Remain[] {
  const ours = <
    Item extends {
      readonly labels: Readonly<Record<string, string>>;
      readonly name: string;
      readonly uid: string;
    },
  >(
    items: readonly Item[],
    kind: Manifest['kind'],
  ): Remain[] =>
    items
      .filter((item) => isOf(item, 'ship', owner.name, claim))
      .map(({ name, uid, labels }) => ({ sync: labels[label.sync] ?? '', ref: { kind, name, uid } }));
  return [
    ...ours(observed.jobs, 'Job'),
    ...ours(observed.claims, 'PersistentVolumeClaim'),
    ...ours(observed.snapshots, 'VolumeSnapshot'),
  ];
}

/** The sync that is under way: the oldest that is not shipped. */
const begun = (subject: Subject): string | undefined =>
  remains(subject)
    .map(({ sync }) => sync)
    .filter((sync) => sync !== subject.before.shipped?.sync)
    .toSorted()[0];

const working = (subject: Subject, steps: Partial<Steps>, reason: string, message: string): End => ({
  ...nothing,
  ...steps,
  state: 'working',
  reason,
  message,
  status: subject.before,
});

function stepOf(subject: Subject, method: Method, under: Under): End {
  const { owner, claim, observed } = subject;
  const name = objectName('ship', owner.name, claim, under.sync);
  const job = observed.jobs.find((one) => one.name === name);
  if (job) return afterJob(subject, under, job, method);
  const isRead = method === 'Direct' && !isForeign(under.sync);
  const taken = isRead ? undefined : pointInTime(subject, method, under, name);
  if (taken && 'state' in taken) return taken;
  const waits = taken ? undefined : quiesced(subject, under);
  if (waits) return waits;
  const takenAt = taken?.takenAt ?? new Date(observed.now).toISOString();
  const { retention } = owner.spec.source;
  const { site, place } = observed;
  const args = shipCommand({
    ...{ site, ...place, directory, claim, namespace: owner.namespace, replication: owner.name },
    ...{ bucket: owner.spec.repository.bucket, path: pathOf(owner, claim) },
    ...{ sync: under.sync, takenAt, size: under.claim.size },
    ...{ keepLast: retention.last, keepHourly: retention.hourly, keepDaily: retention.daily },
    ...{ keepWeekly: retention.weekly, keepMonthly: retention.monthly },
  });
  const metadata = {
    ...metadataOf(subject, name, under.sync),
    annotations: { [annotation.takenAt]: takenAt },
  };
  const mover = moverJob(metadata, {
    ...{ image: subject.image, args, secretName: owner.spec.repository.secretName },
    claim: taken?.claim ?? claim,
    isReadOnly: true,
  });
  const annotate = taken && method !== 'Clone' ? release(under) : [];
  return working(subject, { create: [mover], annotate }, 'Shipping', `ships sync ${under.sync}`);
}

const metadataOf = ({ owner, claim }: Subject, name: string, sync: string) => ({
  name,
  labels: labelsOf('ship', owner.name, claim, sync),
  ...ownedBy(owner),
});

/** A volume that shows the point in time, or the step towards it. */
function pointInTime(
  subject: Subject,
  method: Method,
  under: Under,
  name: string,
): End | { readonly claim: string; readonly takenAt: string } {
  const { owner, observed } = subject;
  const { snapshotClassName, storageClassName } = owner.spec.source;
  const metadata = metadataOf(subject, name, under.sync);
  const shown = observed.claims.find((one) => one.name === name);
  const { size, accessModes } = under.claim;
  if (method === 'Clone' && !isForeign(under.sync)) {
    if (shown) return { claim: name, takenAt: new Date(shown.createdAt).toISOString() };
    const from = { kind: 'PersistentVolumeClaim', name: under.claim.name } as const;
    const clone = volumeClaim(metadata, { size, accessModes, storageClassName, from });
    return (
      quiesced(subject, under) ??
      working(subject, { create: [clone] }, 'Cloning', `clones claim ${from.name}`)
    );
  }
  if (isForeign(under.sync) && !under.foreign) {
    const remove = remains(subject)
      .filter(({ sync }) => sync === under.sync)
      .map(({ ref }) => ref);
    return working(subject, { remove }, 'SnapshotGone', 'the VolumeSnapshot that was being shipped is gone');
  }
  const snapshot = under.foreign ?? observed.snapshots.find((one) => one.name === name);
  if (!snapshot) {
    const wanted = volumeSnapshot(metadata, under.claim.name, snapshotClassName);
    return (
      quiesced(subject, under) ?? working(subject, { create: [wanted] }, 'Snapshotting', 'takes a snapshot')
    );
  }
  if (snapshot.error !== undefined && !snapshot.isReady) {
    const message = `VolumeSnapshot ${snapshot.name}: ${snapshot.error}`;
    return { ...nothing, state: 'failed', reason: 'SnapshotFailed', message, status: subject.before };
  }
  const released = snapshot.takenAt === undefined ? [] : release(under);
  if (!snapshot.isReady) {
    const words = `VolumeSnapshot ${snapshot.name} is not ready`;
    return working(subject, { annotate: released }, 'Snapshotting', words);
  }
  if (shown) return { claim: name, takenAt: momentOf(snapshot) };
  const from = { kind: 'VolumeSnapshot', name: snapshot.name } as const;
  const volume = volumeClaim(metadata, { size, accessModes, storageClassName, from });
  const steps = { create: [volume], annotate: released };
  return working(subject, steps, 'Snapshotting', `makes a volume of VolumeSnapshot ${snapshot.name}`);
}

/** Undefined when the application holds still, or does not want to be told. */
function quiesced(subject: Subject, { claim, sync }: Under): End | undefined {
  const { annotations, name } = claim;
  if (annotations[annotation.quiesce] !== 'true' || annotations[annotation.quiesced] === sync)
    return undefined;
  const asked = annotations[annotation.requested] === sync;
  const ask = { claim: name, annotations: { [annotation.requested]: sync } };
  const message = `claim ${name} is to be quiesced: its application says so by the annotation ${annotation.quiesced}: ${sync}`;
  return { ...working(subject, { annotate: asked ? [] : [ask] }, 'Quiescing', message), state: 'waiting' };
}

function release({ claim, sync }: Under): Steps['annotate'] {
  const { annotations, name } = claim;
  if (annotations[annotation.requested] !== sync || annotations[annotation.released] === sync) return [];
  return [{ claim: name, annotations: { [annotation.released]: sync } }];
}

function afterJob(subject: Subject, under: Under, job: SeenJob, method: Method): End {
  const { owner, before, claim, observed } = subject;
  const { state } = job;
  const shown = observed.claims.find(({ name }) => name === job.name);
  // A clone is cut when it is bound; a volume that is read itself, when it is read.
  const isCut = method === 'Clone' ? shown?.phase === 'Bound' : state.kind === 'succeeded';
  const annotate = isCut || under.foreign ? release(under) : [];
  switch (state.kind) {
    case 'running':
      return {
        ...working(subject, { annotate }, 'Shipping', `ships sync ${under.sync}`),
        ...(state.trouble === undefined ? {} : whileWaiting(state.trouble, owner)),
      };
    case 'failed': {
      const left = Date.parse(state.at) + retryMs - observed.now;
      const ref = { kind: 'Job', name: job.name, uid: job.uid } as const;
      const message = `Job ${job.name}: ${state.words}`;
      const again = left > 0 ? { remove: [], againAfterMs: left } : { remove: [ref] };
      return { ...nothing, ...again, state: 'failed', reason: 'MoverFailed', message, status: before };
    }
    case 'succeeded': {
      const snapshot = observed.snapshots.find(({ name }) => name === job.name) ?? under.foreign;
      const takenAt = snapshot
        ? momentOf(snapshot)
        : new Date(shown?.createdAt ?? job.createdAt).toISOString();
      const times = { takenAt, startedAt: snapshot?.createdAt ?? shown?.createdAt ?? job.createdAt };
      const shipped = { sync: under.sync, ...times, completedAt: state.at };
      const missed = missedBetween(owner.spec.trigger.schedule, before.shipped?.sync, under.sync);
      const message = `shipped claim ${claim} as of ${takenAt}`;
      return {
        ...nothing,
        annotate,
        state: 'idle',
        reason: 'Synced',
        message,
        status: { ...before, shipped },
        missed,
      };
    }
  }
}
