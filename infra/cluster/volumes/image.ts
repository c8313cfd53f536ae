/** The VolumeSnapshots of a filled volume: one of what it was filled with last, and some from before. */
import { snapshotClassMissing } from './classes.ts';
import { type End, isOutdated, nothing, type ObjectRef, ownedBy, refTo, type Subject } from './end.ts';
import { volumeSnapshot } from './manifests.ts';
import { isOf, labelsOf, objectName } from './names.ts';
import type { SeenSnapshot } from './observed.ts';
import { failedFor, working } from './point-in-time.ts';

const imagesOf = ({ owner, claim, observed }: Subject): SeenSnapshot[] =>
  observed.snapshots.filter((one) => isOf(one, 'image', owner.name, claim));

const refOf = (image: SeenSnapshot): ObjectRef => refTo('VolumeSnapshot', image);

/** Not cut yet, of a volume that is there no more: they would be of what it is while it is filled again. */
export const unfinishedImages = (subject: Subject): ObjectRef[] =>
  imagesOf(subject)
    .filter(({ isReady }) => !isReady)
    .map(refOf);

/** The newest first. */
const byAge = (one: SeenSnapshot, other: SeenSnapshot): number =>
  other.createdAt.localeCompare(one.createdAt);

/** The image of what was restored last, and those that are too many. */
export function imageStep(
  subject: Subject,
  filled: string,
  restored: { readonly sync: string; readonly takenAt: string },
): End {
  const { owner, claim, before, observed } = subject;
  const { destination } = owner.spec;
  const images = imagesOf(subject);
  const name = objectName('image', owner.name, claim, restored.sync);
  const image = images.find((one) => one.name === name);
  if (!image) {
    const { snapshotClassName } = destination;
    const missing = snapshotClassMissing(observed, snapshotClassName, 'spec.destination.snapshotClassName');
    if (missing) return failedFor(subject, missing);
    const owned = destination.onDelete === 'Delete' ? ownedBy(owner) : {};
    const metadata = { name, labels: labelsOf('image', owner, claim, restored.sync), ...owned };
    const create = [volumeSnapshot(metadata, filled, snapshotClassName)];
    return working(subject, { create }, 'Imaging', `takes image ${name}`);
  }
  if (!image.isReady && image.error !== undefined) {
    if (isOutdated(image, owner))
      return working(subject, { remove: [refOf(image)] }, 'Imaging', `takes image ${name} anew`);
    const message = `VolumeSnapshot ${name}: ${image.error}`;
    return failedFor(subject, { reason: 'SnapshotFailed', message });
  }
  if (!image.isReady) return working(subject, {}, 'Imaging', `VolumeSnapshot ${name} is not ready`);
  const surplus = images
    .filter(({ isReady }) => isReady)
    .toSorted(byAge)
    .slice(destination.images);
  return {
    ...nothing,
    remove: surplus.map(refOf),
    state: 'idle',
    reason: 'Synced',
    message: `holds what ${claim} was at ${restored.takenAt}`,
    status: { ...before, latestImage: name },
  };
}
