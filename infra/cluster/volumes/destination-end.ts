/** The end where a volume is to be: filled when a shipment has arrived whole, and then kept as an image. */
import type { SnapshotShipped } from '../../../events/volume-events.ts';
import { restoreCommand } from '../../volumes/tasks.ts';
import { type End, nothing, ownedBy, pathOf, retryMs, type Subject, whileWaiting } from './end.ts';
import { directory, moverJob, volumeClaim, volumeSnapshot } from './manifests.ts';
import { annotation, isOf, label, labelsOf, objectName } from './names.ts';
import type { SeenJob, SeenSnapshot } from './observed.ts';

export function destinationEnd(subject: Subject): End {
  const { owner, claim, before, observed } = subject;
  const { destination } = owner.spec;
  const name = destination.claim ?? claim;
  const filled = observed.claims.find((one) => one.name === name);
  const failed = (reason: string, message: string): End => ({
    ...{ ...nothing, state: 'failed', reason, message, status: before },
  });
  if (destination.volumeMode !== 'Filesystem' || (filled && filled.volumeMode !== 'Filesystem')) {
    const mode = filled?.volumeMode ?? destination.volumeMode;
    return failed(
      'VolumeModeDiffers',
      `claim ${name} is of volumeMode ${mode}, its source is of Filesystem: they must be the same`,
    );
  }
  const image = imageStep(subject, name);
  // What is being cut must not be written to.
  if (image && (image.state !== 'idle' || image.create.length > 0)) return image;
  const status = { ...before, ...image?.status };
  const remove = [...(image?.remove ?? []), ...finished(subject)];
  const arrival = observed.arrivals.get(claim);
  const job = running(subject);
  const shipment = arrival?.shipped;
  if (job) return { ...afterJob(subject, job, shipment), remove };
  const waits = arrival?.waits;
  if (!shipment || shipment.shipment === before.restored?.shipment || owner.spec.paused) {
    if (owner.spec.paused)
      return {
        ...nothing,
        remove,
        status,
        state: 'idle',
        reason: 'Paused',
        message: 'nothing new begins: spec.paused',
      };
    const kept = before.restored;
    const [reason, message] =
      waits !== undefined
        ? ['Arriving', waits]
        : kept
          ? ['Synced', `holds what ${claim} was at ${kept.takenAt}`]
          : ['NothingArrived', 'no shipment has arrived'];
    return {
      ...nothing,
      remove,
      status,
      state: kept && waits === undefined ? 'idle' : 'waiting',
      reason,
      message,
    };
  }
  if (!filled) {
    const size = destination.size ?? shipment.size;
    if (size === undefined)
      return failed(
        'SizeUnknown',
        'the source has not said how large its claim is: set spec.destination.size',
      );
    const owned = destination.onDelete === 'Delete' ? ownedBy(owner) : {};
    const metadata = { name, labels: labelsOf('restore', owner.name, claim, shipment.sync), ...owned };
    const wanted = volumeClaim(metadata, { ...destination, size });
    return {
      ...nothing,
      create: [wanted],
      remove,
      status,
      state: 'working',
      reason: 'Restoring',
      message: `makes claim ${name}`,
    };
  }
  const message = `fills claim ${name} with what ${claim} was at ${shipment.takenAt}`;
  return {
    ...nothing,
    create: [restoreJob(subject, name, shipment)],
    remove,
    status,
    state: 'working',
    reason: 'Restoring',
    message,
  };
}

function restoreJob({ owner, claim, observed, image }: Subject, name: string, shipment: SnapshotShipped) {
  const { site, place } = observed;
  const { bucket, secretName } = owner.spec.repository;
  const task = { site, ...place, bucket, path: pathOf(owner, claim), directory };
  const args = restoreCommand({ ...task, shipment: shipment.shipment, waitSeconds: 0 });
  const metadata = {
    name: objectName('restore', owner.name, claim, shipment.sync),
    labels: labelsOf('restore', owner.name, claim, shipment.sync),
    annotations: { [annotation.shipment]: shipment.shipment, [annotation.takenAt]: shipment.takenAt },
    ...ownedBy(owner),
  };
  return moverJob(metadata, { image, args, claim: name, isReadOnly: false, secretName });
}

const restores = ({ owner, claim, observed }: Subject): SeenJob[] =>
  observed.jobs.filter((job) => isOf(job, 'restore', owner.name, claim));
const running = (subject: Subject): SeenJob | undefined =>
  restores(subject).find((job) => job.labels[label.sync] !== subject.before.restored?.sync);
const finished = (subject: Subject) =>
  restores(subject)
    .filter((job) => job.labels[label.sync] === subject.before.restored?.sync)
    .map(({ name, uid }) => ({ kind: 'Job', name, uid }) as const);

function afterJob(subject: Subject, job: SeenJob, shipment: SnapshotShipped | undefined): End {
  const { owner, before, claim, observed } = subject;
  const base = { ...nothing, status: before };
  switch (job.state.kind) {
    case 'running':
      return {
        ...base,
        state: 'working',
        reason: 'Restoring',
        message: `restores sync ${job.labels[label.sync]}`,
        ...(job.state.trouble === undefined ? {} : whileWaiting(job.state.trouble, owner)),
      };
    case 'failed': {
      const left = Date.parse(job.state.at) + retryMs - observed.now;
      const ref = { kind: 'Job', name: job.name, uid: job.uid } as const;
      const again = left > 0 ? { againAfterMs: left } : { remove: [ref] };
      return {
        ...base,
        ...again,
        state: 'failed',
        reason: 'MoverFailed',
        message: `Job ${job.name}: ${job.state.words}`,
      };
    }
    case 'succeeded': {
      const sync = job.labels[label.sync] ?? '';
      const restored = {
        shipment: job.annotations[annotation.shipment] ?? shipment?.shipment ?? '',
        sync,
        takenAt: job.annotations[annotation.takenAt] ?? shipment?.takenAt ?? job.createdAt,
        startedAt: job.createdAt,
        completedAt: job.state.at,
      };
      const message = `filled with what ${claim} was at ${restored.takenAt}`;
      return { ...base, state: 'working', reason: 'Imaging', message, status: { ...before, restored } };
    }
  }
}

/** The image of what was restored last, and those that are too many; undefined before there is anything to keep. */
function imageStep({ owner, claim, before, observed }: Subject, filled: string): End | undefined {
  const { restored } = before;
  if (!restored) return undefined;
  const { destination } = owner.spec;
  const images = observed.snapshots.filter((one) => isOf(one, 'image', owner.name, claim));
  const name = objectName('image', owner.name, claim, restored.sync);
  const image = images.find((one) => one.name === name);
  const base = { ...nothing, status: before };
  if (!image) {
    const owned = destination.onDelete === 'Delete' ? ownedBy(owner) : {};
    const metadata = { name, labels: labelsOf('image', owner.name, claim, restored.sync), ...owned };
    const wanted = volumeSnapshot(metadata, filled, destination.snapshotClassName);
    return { ...base, create: [wanted], state: 'working', reason: 'Imaging', message: `takes image ${name}` };
  }
  if (!image.isReady && image.error !== undefined) {
    return {
      ...base,
      state: 'failed',
      reason: 'SnapshotFailed',
      message: `VolumeSnapshot ${name}: ${image.error}`,
    };
  }
  if (!image.isReady) {
    return { ...base, state: 'working', reason: 'Imaging', message: `VolumeSnapshot ${name} is not ready` };
  }
  const surplus = images
    .filter((one) => one.isReady)
    .toSorted(byAge)
    .slice(destination.images);
  const remove = surplus.map((one) => ({ kind: 'VolumeSnapshot', name: one.name, uid: one.uid }) as const);
  const message = `holds what ${claim} was at ${restored.takenAt}`;
  return {
    ...base,
    remove,
    state: 'idle',
    reason: 'Synced',
    message,
    status: { ...before, latestImage: name },
  };
}

/** The newest first. */
const byAge = (one: SeenSnapshot, other: SeenSnapshot): number =>
  other.createdAt.localeCompare(one.createdAt);
