/** Names and labels of the objects that are made for a VolumeReplication: the same each time it is looked at. */
import { identify } from '../../../events/identity.ts';

export const label = {
  replication: 'causeway.dev/replication',
  /** Hash of the claim at the source: a label's value is shorter than a name may be. */
  volume: 'causeway.dev/volume',
  sync: 'causeway.dev/sync',
  role: 'causeway.dev/role',
  /** Of the document, when the object was made for it. */
  generation: 'causeway.dev/generation',
} as const;

/** `ship`: a point in time on its way. `restore`: a volume that is filled. `image`: a snapshot of it. */
export type Role = 'ship' | 'restore' | 'image';

export const annotation = {
  /** On a claim, by its owner: its application wants to be told before a snapshot. */
  quiesce: 'causeway.dev/quiesce',
  /** By the controller: a word for the point in time that it wants to take. */
  requested: 'causeway.dev/quiesce-requested',
  /** By the application: it holds still for this word. */
  quiesced: 'causeway.dev/quiesced',
  /** By the controller: what the word stood for is taken, or not wanted any more, and the application may go on. */
  released: 'causeway.dev/quiesce-released',
  /** On a restore: the shipment. */
  shipment: 'causeway.dev/shipment',
  /** On a restore: the uid of the claim that it fills. */
  fills: 'causeway.dev/fills',
  /** On a mover: the point in time. */
  takenAt: 'causeway.dev/taken-at',
} as const;

const short = (text: string): string => Buffer.from(identify(text)).toString('hex').slice(0, 10);
const longestStem = 20;

export const volumeLabel = (claim: string): string => short(claim);
/** Of a sync that somebody else's snapshot began. */
export const isForeign = (sync: string): boolean => sync.startsWith('snapshot-');
export const syncOf = (kind: 'manual' | 'snapshot', what: string): string => `${kind}-${short(what)}`;

/** At most 63 characters: Jobs give their names to their pods as labels. */
export const objectName = (role: Role, replication: string, claim: string, sync: string): string =>
  `${role}-${replication.slice(0, longestStem).replace(/-$/, '')}-${short(`${replication}/${claim}`)}-${sync}`;

export const labelsOf = (
  role: Role,
  { name, generation }: { readonly name: string; readonly generation: number },
  claim: string,
  sync: string,
) => ({
  [label.generation]: String(generation),
  [label.replication]: name,
  [label.volume]: volumeLabel(claim),
  [label.role]: role,
  [label.sync]: sync,
});

export const isOf = (
  { labels }: { readonly labels: Readonly<Record<string, string>> },
  role: Role,
  replication: string,
  claim: string,
): boolean =>
  labels[label.replication] === replication &&
  labels[label.volume] === volumeLabel(claim) &&
  labels[label.role] === role;
