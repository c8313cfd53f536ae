/** The end where a volume is to be: filled when a shipment has arrived whole, and then kept as an image. */
import type { SnapshotShipped } from '../../../events/volume-events.ts';
import { restoreCommand } from '../../volumes/tasks.ts';
import { storageClassMissing } from './classes.ts';
import {
  type End,
  hangs,
  isOutdated,
  nothing,
  type ObjectRef,
  ownedBy,
  pathOf,
  refTo,
  retryMs,
  type Subject,
  whileWaiting,
} from './end.ts';
import { imageStep, unfinishedImages } from './image.ts';
import { directory, moverJob, volumeClaim } from './manifests.ts';
import { annotation, isOf, label, labelsOf, objectName } from './names.ts';
import type { SeenClaim, SeenJob } from './observed.ts';
import { failedFor, working } from './point-in-time.ts';

export function destinationEnd(subject: Subject): End {
  const { owner, claim, before, observed } = subject;
  const { destination } = owner.spec;
  const name = destination.claim ?? claim;
  const filled = observed.claims.find((one) => one.name === name);
  if (destination.volumeMode !== 'Filesystem' || (filled && filled.volumeMode !== 'Filesystem')) {
    const mode = filled?.volumeMode ?? destination.volumeMode;
    const message = `claim ${name} is of volumeMode ${mode}, its source is of Filesystem: they must be the same`;
    return failedFor(subject, { reason: 'VolumeModeDiffers', message });
  }
  const held = heldBy(before.restored, filled);
  const image = held && imageStep(subject, name, held);
  // What is being cut must not be written to.
  if (image && (image.state !== 'idle' || image.create.length > 0)) return image;
  const now = { ...subject, before: image?.status ?? before };
  const restores = observed.jobs.filter((job) => isOf(job, 'restore', owner.name, claim));
  const finished = restores
    .filter((job) => job.labels[label.sync] === held?.sync)
    .map((job) => refTo('Job', job));
  const job = restores.find((one) => one.labels[label.sync] !== held?.sync);
  const next = job ? afterJob(now, job, filled) : fill(now, name, filled);
  return { ...next, remove: [...(image?.remove ?? unfinishedImages(subject)), ...finished, ...next.remove] };
}

type Held = NonNullable<Subject['before']['restored']>;

/** What the claim holds: nothing, where it is not the one that was filled. */
const heldBy = (restored: Held | undefined, filled: SeenClaim | undefined): Held | undefined =>
  filled && restored && [undefined, filled.uid].includes(restored.claimUid) ? restored : undefined;

/** The next shipment, where there is one; the claim first. */
function fill(subject: Subject, name: string, filled: SeenClaim | undefined): End {
  const { owner, claim, before, observed } = subject;
  const { destination, paused } = owner.spec;
  const { shipped, waits } = observed.arrivals.get(claim) ?? {};
  const held = heldBy(before.restored, filled);
  const resting = { ...nothing, status: before } as const;
  if (paused)
    return { ...resting, state: 'idle', reason: 'Paused', message: 'nothing new begins: spec.paused' };
  if (!shipped || shipped.shipment === held?.shipment) {
    if (waits !== undefined) return { ...resting, state: 'waiting', reason: 'Arriving', message: waits };
    if (!held)
      return { ...resting, state: 'waiting', reason: 'NothingArrived', message: 'no shipment has arrived' };
    const message = `holds what ${claim} was at ${held.takenAt}`;
    return { ...resting, state: 'idle', reason: 'Synced', message };
  }
  if (filled) {
    const message = `fills claim ${name} with what ${claim} was at ${shipped.takenAt}`;
    return working(subject, { create: [restoreJob(subject, filled, shipped)] }, 'Restoring', message);
  }
  const size = destination.size ?? shipped.size;
  if (size === undefined) {
    const message = 'the source has not said how large its claim is: set spec.destination.size';
    return failedFor(subject, { reason: 'SizeUnknown', message });
  }
  const { storageClassName } = destination;
  const missing = storageClassMissing(observed, storageClassName, 'spec.destination.storageClassName');
  if (missing) return failedFor(subject, missing);
  const owned = destination.onDelete === 'Delete' ? ownedBy(owner) : {};
  const metadata = { name, labels: labelsOf('restore', owner, claim, shipped.sync), ...owned };
  const create = [volumeClaim(metadata, { ...destination, size })];
  return working(subject, { create }, 'Restoring', `makes claim ${name}`);
}

function restoreJob(
  { owner, claim, observed, image }: Subject,
  filled: SeenClaim,
  shipment: SnapshotShipped,
) {
  const { site, place } = observed;
  const { bucket, secretName } = owner.spec.repository;
  const task = { site, ...place, bucket, path: pathOf(owner, claim), directory };
  const args = restoreCommand({ ...task, shipment: shipment.shipment, waitSeconds: 0 });
  const metadata = {
    name: objectName('restore', owner.name, claim, shipment.sync),
    labels: labelsOf('restore', owner, claim, shipment.sync),
    annotations: {
      [annotation.shipment]: shipment.shipment,
      [annotation.takenAt]: shipment.takenAt,
      [annotation.fills]: filled.uid,
    },
    ...ownedBy(owner),
  };
  return moverJob(metadata, { image, args, claim: filled.name, isReadOnly: false, secretName });
}

function afterJob(subject: Subject, job: SeenJob, filled: SeenClaim | undefined): End {
  const { owner, before, claim, observed } = subject;
  const sync = job.labels[label.sync] ?? '';
  const words = `restores sync ${sync}`;
  const lost = inTheWay(subject, job, filled);
  if (!filled || lost.length > 0) return working(subject, { remove: lost }, 'Restarting', `${words} anew`);
  switch (job.state.kind) {
    case 'running':
      return {
        ...working(subject, {}, 'Restoring', words),
        ...(job.state.trouble === undefined ? {} : whileWaiting(job.state.trouble, owner)),
      };
    case 'failed': {
      const left = Date.parse(job.state.at) + retryMs - observed.now;
      const again = left > 0 ? { againAfterMs: left } : { remove: [refTo('Job', job)] };
      const message = `Job ${job.name}: ${job.state.words}`;
      return { ...failedFor(subject, { reason: 'MoverFailed', message }), ...again };
    }
    case 'succeeded': {
      const restored = {
        shipment: job.annotations[annotation.shipment] ?? '',
        sync,
        takenAt: job.annotations[annotation.takenAt] ?? job.createdAt,
        startedAt: job.createdAt,
        completedAt: job.state.at,
        claimUid: filled.uid,
      };
      const message = `filled with what ${claim} was at ${restored.takenAt}`;
      return { ...working(subject, {}, 'Imaging', message), status: { ...before, restored } };
    }
  }
}

/** What has to go where a claim is another than the Job was made for, or waits for what the document names no more. */
function inTheWay({ owner, claim }: Subject, job: SeenJob, filled: SeenClaim | undefined): ObjectRef[] {
  if (filled?.uid !== job.annotations[annotation.fills]) return [refTo('Job', job)];
  if (!filled || !hangs(job) || !isOutdated(job, owner)) return [];
  const isEmpty = filled.phase === 'Pending' && isOf(filled, 'restore', owner.name, claim);
  const mover = refTo('Job', job);
  return isEmpty ? [mover, refTo('PersistentVolumeClaim', filled)] : [mover];
}
