/** The end where a volume is: a point in time is taken when it is due, shown by a volume of its own, and shipped. */

import type { Method } from '../../config/volume-replication.ts';
import { shipCommand } from '../../volumes/tasks.ts';
import { missedBetween, timetable } from './due.ts';
import {
  type End,
  hangs,
  isOutdated,
  nothing,
  type ObjectRef,
  pathOf,
  refTo,
  retryMs,
  type Subject,
  whileWaiting,
} from './end.ts';
import { directory, moverJob } from './manifests.ts';
import { annotation, isForeign, objectName } from './names.ts';
import type { SeenClaim, SeenJob } from './observed.ts';
import {
  type Cut,
  failedFor,
  metadataOf,
  pointInTime,
  quiescing,
  snapshotOf,
  type Under,
  working,
} from './point-in-time.ts';
import { release } from './quiesce.ts';
import { begun, remains } from './remains.ts';
import { largest } from './sizes.ts';

export function sourceEnd(subject: Subject, method: Method): End {
  const { owner, before, observed } = subject;
  const { shipped } = before;
  const source = observed.claims.find(({ name }) => name === subject.claim);
  const { due, next } = timetable(owner.spec.trigger, { ...observed, claim: subject.claim, shipped });
  const againAfterMs = next === undefined ? undefined : Math.max(1000, next - observed.now);
  if (!source) return { ...withoutClaim(subject, method), againAfterMs };
  if (source.volumeMode !== 'Filesystem') {
    const message = `claim ${source.name} has volumeMode ${source.volumeMode}: files are moved, so that it must be Filesystem`;
    return { ...failedFor(subject, { reason: 'VolumeModeUnsupported', message }), againAfterMs };
  }
  const leftovers = remains(subject).filter(({ sync }) => sync === shipped?.sync);
  const cleanup = leftovers.map(({ ref }) => ref);
  const sync = begun(subject) ?? (owner.spec.paused ? undefined : due?.sync);
  if (sync === undefined) {
    const [reason, message] = owner.spec.paused
      ? ['Paused', 'nothing new begins: spec.paused']
      : ['Synced', shipped ? `shipped as of ${shipped.takenAt}` : 'waits for its trigger'];
    const idle = { state: 'idle', reason, message, status: before, againAfterMs } as const;
    return { ...nothing, ...idle, remove: cleanup };
  }
  const step = stepOf(subject, method, { sync, name: nameOf(subject, sync), claim: source });
  return {
    ...step,
    sync,
    againAfterMs: step.againAfterMs ?? againAfterMs,
    remove: [...cleanup, ...step.remove],
  };
}

const nameOf = ({ owner, claim }: Subject, sync: string): string =>
  objectName('ship', owner.name, claim, sync);

/** What is being shipped comes to its end; whatever else was made for a claim that is gone goes. */
function withoutClaim(subject: Subject, method: Method): End {
  const { owner, observed } = subject;
  const message = `there is no claim ${subject.claim} in namespace ${owner.namespace}: create it`;
  const missing = failedFor(subject, { reason: 'ClaimMissing', message });
  const sync = begun(subject);
  const name = nameOf(subject, sync ?? '');
  const job = observed.jobs.find((one) => one.name === name);
  if (sync === undefined || !job || hangs(job)) {
    return { ...missing, remove: remains(subject).map(({ ref }) => ref) };
  }
  const { status } = afterJob(subject, { sync, name, claim: undefined }, job, method);
  return { ...missing, sync, status };
}

function stepOf(subject: Subject, method: Method, under: Under): End {
  const { owner, claim, observed } = subject;
  const job = observed.jobs.find(({ name }) => name === under.name);
  const isRead = method === 'Direct' && !isForeign(under.sync);
  if (job) {
    const lost = inTheWay(subject, method, under, job);
    if (lost.length > 0)
      return working(subject, { remove: lost }, 'Restarting', `ships sync ${under.sync} anew`);
    return afterJob(subject, under, job, method);
  }
  const taken = isRead ? undefined : pointInTime(subject, method, under);
  if (taken && 'state' in taken) return taken;
  const waits = taken ? undefined : quiescing(subject, under);
  if (waits) return waits;
  const mover = moverFor(subject, under, taken);
  const annotate = taken && method !== 'Clone' ? release(under.claim, owner.name, under.sync) : [];
  return working(
    subject,
    { create: [mover], annotate },
    'Shipping',
    `ships claim ${claim}, sync ${under.sync}`,
  );
}

/** Without: the claim itself is read. */
function moverFor(subject: Subject, under: Under, taken: Cut | undefined) {
  const { owner, claim, observed } = subject;
  const takenAt = taken?.takenAt ?? new Date(observed.now).toISOString();
  const { retention } = owner.spec.source;
  const { site, place } = observed;
  const args = shipCommand({
    ...{ site, ...place, directory, claim, namespace: owner.namespace, replication: owner.name },
    ...{ bucket: owner.spec.repository.bucket, path: pathOf(owner, claim) },
    ...{ sync: under.sync, takenAt, size: largest(under.claim.size, under.claim.capacity) },
    ...{ keepLast: retention.last, keepHourly: retention.hourly, keepDaily: retention.daily },
    ...{ keepWeekly: retention.weekly, keepMonthly: retention.monthly },
  });
  const metadata = { ...metadataOf(subject, under), annotations: { [annotation.takenAt]: takenAt } };
  return moverJob(metadata, {
    ...{ image: subject.image, args, secretName: owner.spec.repository.secretName },
    claim: taken?.claim ?? claim,
    isReadOnly: true,
  });
}

/** What has to go where a mover waits for a volume that will not come, or for what the document names no more. */
function inTheWay(subject: Subject, method: Method, under: Under, job: SeenJob): ObjectRef[] {
  if (job.state.kind === 'succeeded') return [];
  const shown = subject.observed.claims.find(({ name }) => name === under.name);
  const mover = refTo('Job', job);
  const isOver = hangs(job) && isOutdated(job, subject.owner);
  if (!shown) return isOver || method !== 'Direct' || isForeign(under.sync) ? [mover] : [];
  const volume = refTo('PersistentVolumeClaim', shown);
  const isPending = shown.phase === 'Pending';
  const isOfSnapshot = method !== 'Clone' || isForeign(under.sync);
  const isLost = isPending && isOfSnapshot && !snapshotOf(subject, under);
  if (!isLost && !isOver) return [];
  return isPending ? [mover, volume] : [mover];
}

function afterJob(
  subject: Subject,
  under: Omit<Under, 'claim'> & { readonly claim: SeenClaim | undefined },
  job: SeenJob,
  method: Method,
): End {
  const { owner, before, claim, observed } = subject;
  const { state } = job;
  const shown = observed.claims.find(({ name }) => name === job.name);
  // A clone is cut when it is bound; a volume that is read itself, when it is read, or will be read anew.
  const isCut = method === 'Clone' ? shown?.phase === 'Bound' : state.kind !== 'running';
  const annotate = isCut || isForeign(under.sync) ? release(under.claim, owner.name, under.sync) : [];
  switch (state.kind) {
    case 'running':
      return {
        ...working(subject, { annotate }, 'Shipping', `ships sync ${under.sync}`),
        ...(state.trouble === undefined ? {} : whileWaiting(state.trouble, owner)),
      };
    case 'failed': {
      const left = Date.parse(state.at) + retryMs - observed.now;
      const again = left > 0 ? { againAfterMs: left } : { remove: [refTo('Job', job)] };
      const message = `Job ${job.name}: ${state.words}`;
      return { ...failedFor(subject, { reason: 'MoverFailed', message }), ...again, annotate };
    }
    case 'succeeded': {
      const takenAt = job.annotations[annotation.takenAt] ?? job.createdAt;
      const startedAt = snapshotOf(subject, under)?.createdAt ?? shown?.createdAt ?? job.createdAt;
      const shipped = { sync: under.sync, takenAt, startedAt, completedAt: state.at };
      const left = missedBetween(owner.spec.trigger.schedule, before.shipped?.sync, under.sync);
      const missed = (before.missed ?? 0) + left;
      return {
        ...nothing,
        annotate,
        state: 'idle',
        reason: 'Synced',
        message: `shipped claim ${claim} as of ${takenAt}`,
        status: { ...before, shipped, ...(missed === 0 ? {} : { missed }) },
      };
    }
  }
}
