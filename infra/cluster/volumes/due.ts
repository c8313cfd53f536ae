/** Which point in time of a volume is to be taken next, by its trigger. */
import { Cron } from 'croner';
import type { VolumeStatus } from '../../config/resource-status.ts';
import type { VolumeReplication } from '../../config/volume-replication.ts';
import { label, syncOf } from './names.ts';
import type { SeenSnapshot } from './observed.ts';

export interface Due {
  readonly sync: string;
  /** One that somebody else has made. */
  readonly snapshot?: SeenSnapshot;
}

export interface Timetable {
  /** Undefined: nothing now. */
  readonly due: Due | undefined;
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
    const cron = cronOf(trigger.schedule);
    const next = nextOf(trigger.schedule, now);
    // The one that is due now counts.
    const [slot] = cron.previousRuns(1, new Date(now + 1000));
    const isNew = slot !== undefined && (slotOf(shipped?.sync) ?? 0) < slot.getTime();
    return { due: isNew ? { sync: syncOfSlot(slot) } : undefined, next };
  }
  if (trigger.manual !== undefined) {
    const sync = syncOf('manual', trigger.manual);
    return { due: shipped?.sync === sync ? undefined : { sync }, next: undefined };
  }
  const [oldest] = known.snapshots
    .filter((one) => one.claim === known.claim && one.isReady && one.labels[label.replication] === undefined)
    .filter((one) => shipped === undefined || momentOf(one) > shipped.takenAt)
    .toSorted((one, other) => momentOf(one).localeCompare(momentOf(other)));
  return { due: oldest && { sync: syncOf('snapshot', oldest.uid), snapshot: oldest }, next: undefined };
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

/** Times of the schedule between two syncs that had none. */
export function missedBetween(
  schedule: string | undefined,
  before: string | undefined,
  sync: string,
): number {
  const [from, to] = [slotOf(before), slotOf(sync)];
  if (schedule === undefined || from === undefined || to === undefined) return 0;
  const slots = cronOf(schedule).nextRuns(mostMissed, new Date(from));
  return slots.filter((slot) => slot.getTime() < to).length;
}
