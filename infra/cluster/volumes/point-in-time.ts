/** A volume of its own that shows a point in time of the source, made of a snapshot or as a clone. */
import type { Method } from '../../config/volume-replication.ts';
import { snapshotClassMissing, storageClassMissing } from './classes.ts';
import { momentOf } from './due.ts';
import { type End, isOutdated, nothing, ownedBy, refTo, type Steps, type Subject } from './end.ts';
import { type Metadata, volumeClaim, volumeSnapshot } from './manifests.ts';
import { isForeign, labelsOf, syncOf } from './names.ts';
import type { Missing, SeenClaim, SeenSnapshot } from './observed.ts';
import { askFor, release } from './quiesce.ts';
import { remains } from './remains.ts';
import { largest } from './sizes.ts';

/** What there is of a sync. */
export interface Under {
  readonly sync: string;
  /** Of all that is made for it. */
  readonly name: string;
  readonly claim: SeenClaim;
}

export interface Cut {
  /** The volume that shows it. */
  readonly claim: string;
  readonly takenAt: string;
}

export const working = (subject: Subject, steps: Partial<Steps>, reason: string, message: string): End => ({
  ...nothing,
  ...steps,
  state: 'working',
  reason,
  message,
  status: subject.before,
});

export const failedFor = ({ before }: Subject, { reason, message }: Missing): End => ({
  ...nothing,
  state: 'failed',
  reason,
  message,
  status: before,
});

export const metadataOf = ({ owner, claim }: Subject, { name, sync }: Omit<Under, 'claim'>): Metadata => ({
  name,
  labels: labelsOf('ship', owner, claim, sync),
  ...ownedBy(owner),
});

/** The one that a sync is of: somebody else's, or our own. */
export const snapshotOf = (
  { observed }: Subject,
  { sync, name }: Omit<Under, 'claim'>,
): SeenSnapshot | undefined =>
  observed.snapshots.find((one) =>
    isForeign(sync) ? syncOf('snapshot', one.uid) === sync : one.name === name,
  );

/** Undefined when the application holds still, or does not want to be told. */
export function quiescing(subject: Subject, { claim, sync }: Under): End | undefined {
  const asking = askFor(claim, subject.owner.name, sync);
  return asking && { ...nothing, ...asking, state: 'waiting', status: subject.before };
}

/** The volume, or the step towards it. */
export function pointInTime(subject: Subject, method: Method, under: Under): End | Cut {
  return method === 'Clone' && !isForeign(under.sync) ? cloned(subject, under) : snapshotted(subject, under);
}

function cloned(subject: Subject, under: Under): End | Cut {
  const { owner, observed } = subject;
  const { claim, name } = under;
  const shown = observed.claims.find((one) => one.name === name);
  if (shown) return { claim: name, takenAt: new Date(shown.createdAt).toISOString() };
  const wanted = volumeLike(subject, claim, largest(claim.size, claim.capacity));
  if ('reason' in wanted) return failedFor(subject, wanted);
  const from = { kind: 'PersistentVolumeClaim', name: claim.name } as const;
  const clone = volumeClaim(metadataOf(subject, under), { ...wanted, from });
  return (
    quiescing(subject, under) ??
    working(subject, { create: [clone] }, 'Cloning', `clones claim ${claim.name} for ${owner.name}`)
  );
}

function snapshotted(subject: Subject, under: Under): End | Cut {
  const { owner, observed } = subject;
  const { claim, name, sync } = under;
  const snapshot = snapshotOf(subject, under);
  if (!snapshot && isForeign(sync)) {
    const remove = remains(subject)
      .filter((one) => one.sync === sync)
      .map(({ ref }) => ref);
    return working(subject, { remove }, 'SnapshotGone', 'the VolumeSnapshot that was being shipped is gone');
  }
  if (!snapshot) {
    const { snapshotClassName } = owner.spec.source;
    const missing = snapshotClassMissing(observed, snapshotClassName, 'spec.source.snapshotClassName');
    if (missing) return failedFor(subject, missing);
    const wanted = volumeSnapshot(metadataOf(subject, under), claim.name, snapshotClassName);
    return (
      quiescing(subject, under) ?? working(subject, { create: [wanted] }, 'Snapshotting', 'takes a snapshot')
    );
  }
  if (snapshot.error !== undefined && !snapshot.isReady) return afterError(subject, snapshot, sync);
  const annotate = snapshot.takenAt === undefined ? [] : release(claim, owner.name, sync);
  if (!snapshot.isReady) {
    const words = `VolumeSnapshot ${snapshot.name} is not ready`;
    return working(subject, { annotate }, 'Snapshotting', words);
  }
  if (observed.claims.some((one) => one.name === name)) return { claim: name, takenAt: momentOf(snapshot) };
  const wanted = volumeLike(subject, claim, largest(claim.size, claim.capacity, snapshot.restoreSize));
  if ('reason' in wanted) return failedFor(subject, wanted);
  const from = { kind: 'VolumeSnapshot', name: snapshot.name } as const;
  const create = [volumeClaim(metadataOf(subject, under), { ...wanted, from })];
  const words = `makes a volume of VolumeSnapshot ${snapshot.name}`;
  return working(subject, { create, annotate }, 'Snapshotting', words);
}

/** The snapshotter tries again by itself; but what a snapshot is of, and of which class, it keeps. */
function afterError(subject: Subject, snapshot: SeenSnapshot, sync: string): End {
  const { name, error } = snapshot;
  if (!isForeign(sync) && isOutdated(snapshot, subject.owner)) {
    const remove = [refTo('VolumeSnapshot', snapshot)];
    return working(subject, { remove }, 'Snapshotting', `takes VolumeSnapshot ${name} anew`);
  }
  return failedFor(subject, { reason: 'SnapshotFailed', message: `VolumeSnapshot ${name}: ${error}` });
}

/** A snapshot can only be read by the driver that made it, so that its class is that of the source. */
function volumeLike(
  { owner, observed }: Subject,
  { accessModes, storageClassName: own }: SeenClaim,
  size: string,
) {
  const storageClassName = owner.spec.source.storageClassName ?? own;
  const field = 'spec.source.storageClassName';
  return storageClassMissing(observed, storageClassName, field) ?? { size, accessModes, storageClassName };
}
