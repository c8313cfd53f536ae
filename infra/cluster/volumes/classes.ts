/** Whether the classes are there that a new volume or a new snapshot is to be of. */
import type { Missing, Observed, SeenClass } from './observed.ts';

/** `field`: where the document names one. Undefined: it is there. */
export const storageClassMissing = (
  { storageClasses }: Observed,
  name: string | undefined,
  field: string,
): Missing | undefined => missing('StorageClass', storageClasses, name, field);

export const snapshotClassMissing = (
  { snapshotClasses }: Observed,
  name: string | undefined,
  field: string,
): Missing | undefined => missing('VolumeSnapshotClass', snapshotClasses, name, field);

function missing(
  kind: 'StorageClass' | 'VolumeSnapshotClass',
  classes: readonly SeenClass[],
  name: string | undefined,
  field: string,
): Missing | undefined {
  const reason = `${kind}Missing`;
  if (name === undefined) {
    if (classes.some(({ isDefault }) => isDefault)) return undefined;
    return { reason, message: `no ${kind} is the default: create one, or name one in ${field}` };
  }
  if (classes.some((one) => one.name === name)) return undefined;
  return { reason, message: `there is no ${kind} ${name}: create it, or name another in ${field}` };
}
