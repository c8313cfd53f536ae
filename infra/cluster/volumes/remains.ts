/** What was made for a VolumeReplication and is still there. Volumes that were filled, and their images, are no remains. */
import { type ObjectRef, type Owner, refTo, type Subject } from './end.ts';
import type { Manifest } from './manifests.ts';
import { isOf, label, type Role, volumeLabel } from './names.ts';
import type { Observed } from './observed.ts';

type Remain = { readonly sync: string; readonly ref: ObjectRef };

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
  readonly name: string;
  readonly uid: string;
}

const refsOf = (
  { jobs, claims, snapshots }: Pick<Observed, 'jobs' | 'claims' | 'snapshots'>,
  isWanted: (item: Labelled) => boolean,
): Remain[] => {
  const of = (items: readonly Labelled[], kind: Manifest['kind']): Remain[] =>
    items.filter(isWanted).map((item) => ({ sync: item.labels[label.sync] ?? '', ref: refTo(kind, item) }));
  return [...of(jobs, 'Job'), ...of(claims, 'PersistentVolumeClaim'), ...of(snapshots, 'VolumeSnapshot')];
};

/** Of syncs of one volume at its source. */
export const remains = ({ owner, claim, observed }: Subject): Remain[] =>
  refsOf(observed, (item) => isOf(item, 'ship', owner.name, claim));

/** The sync that is under way: the oldest that is not shipped. */
export const begun = (subject: Subject): string | undefined =>
  remains(subject)
    .map(({ sync }) => sync)
    .filter((sync) => sync !== subject.before.shipped?.sync)
    .toSorted()[0];

/** Of volumes that the document does not speak of any more; `shipped` and `restored`: those that it does. */
export function strays(
  { name }: Owner,
  observed: Observed,
  { shipped, restored }: { readonly shipped: readonly string[]; readonly restored: readonly string[] },
): ObjectRef[] {
  const isLeft = (item: Labelled, role: Role, claims: readonly string[]): boolean =>
    item.labels[label.role] === role && !claims.map(volumeLabel).includes(item.labels[label.volume] ?? '');
  const isOurs = ({ labels }: Labelled): boolean => labels[label.replication] === name;
  const shipping = refsOf(observed, (item) => isOurs(item) && isLeft(item, 'ship', shipped));
  const restoring = refsOf(
    { jobs: observed.jobs, claims: [], snapshots: [] },
    (item) => isOurs(item) && isLeft(item, 'restore', restored),
  );
  return [...shipping, ...restoring].map(({ ref }) => ref);
}
