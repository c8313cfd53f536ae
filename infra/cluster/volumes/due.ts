/** Which point in time of a volume is to be taken next, by its trigger. */
import { Cron } from 'croner';
import type { VolumeStatus } from '../../config/resource-status.ts';
import type { VolumeReplication } from '../../config/volume-replication.ts';
import { label, syncOf } from './names.ts';
import type { SeenSnapshot } from './observed.ts';

export interface Timetable {
  /** Undefined: nothing now. */
  readonly due: { readonly sync: string } | undefined;
  /** Milliseconds since 1970. */
  readonly next: number | undefined;
}

export interface Known {
  readonly claim: string;
  readonly shipped: VolumeStatus['shipped'];
  readonly snapshots: readonly SeenSnapshot[];
  readonly now: number;
}

export function timetable(trigger: VolumeReplication['spec']['trigger'], known: Known): Timetable {
  const { shipped, now } = known;
  if (trigger.schedule !== undefined) {
    const next = nextOf(trigger.schedule, now);
    const sync = lastSlot(trigger.schedule, now);
    const isNew = (slotOf(shipped?.sync) ?? 0) < (slotOf(sync) ?? 0);
    return { due: isNew && sync !== undefined ? { sync } : undefined, next };
  }
  if (trigger.manual !== undefined) {
    const sync = syncOf('manual', trigger.manual);
    return { due: shipped?.sync === sync ? undefined : { sync }, next: undefined };
  }
  // Moments are told by the second, and two snapshots may share one.
  const place = (takenAt: string, sync: string): string => `${takenAt} ${sync}`;
  const [oldest] = known.snapshots
    .filter((one) => one.claim === known.claim && one.isReady && one.labels[label.replication] === undefined)
    .map((snapshot) => ({ snapshot, sync: syncOf('snapshot', snapshot.uid) }))
    .map((one) => ({ ...one, place: place(momentOf(one.snapshot), one.sync) }))
    .filter((one) => shipped === undefined || one.place > place(shipped.takenAt, shipped.sync))
    .toSorted((one, other) => (one.place < other.place ? -1 : 1));
  return { due: oldest && { sync: oldest.sync }, next: undefined };
}

/** When the schedule has its next time: milliseconds since 1970. */
export const nextOf = (schedule: string, now: number): number | undefined =>
  cronOf(schedule).nextRun(new Date(now))?.getTime();

export const momentOf = ({ takenAt, createdAt }: SeenSnapshot): string =>
  new Date(takenAt ?? createdAt).toISOString();

const cronOf = (schedule: string): Cron =>
  new Cron(schedule, { mode: '5-part', paused: true, timezone: 'UTC' });

const syncOfSlot = (slot: Date): string => slot.toISOString().replaceAll(/\D/g, '').slice(0, 14);

/** Milliseconds since 1970; undefined for a sync that no schedule had. */
export function slotOf(sync: string | undefined): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(sync ?? '') ?? [];
  return year === undefined ? undefined : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** A schedule that somebody made tighter after a long pause. */
const mostMissed = 1000;

/** The sync of the last time that has come; the one that is due now counts. */
export function lastSlot(schedule: string, now: number): string | undefined {
  const [slot] = cronOf(schedule).previousRuns(1, new Date(now + 1000));
  return slot && syncOfSlot(slot);
}

/** Times of the schedule between two syncs that had none. */
export function missedBetween(
  schedule: string | undefined,
  before: string | undefined,
  sync: string,
): number {
  const [from, to] = [slotOf(before), slotOf(sync)];
  if (schedule === undefined || from === undefined || to === undefined) return 0;
  const cron = cronOf(schedule);
  let missed = 0;
  let slot = cron.nextRun(new Date(from));
  while (slot && slot.getTime() < to && missed < mostMissed) {
    missed += 1;
    slot = cron.nextRun(slot);
  }
  return missed;
}
