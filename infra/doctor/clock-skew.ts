/** How far a site's clock is from ours: S3 refuses requests beyond a quarter of an hour. */
import type { Check, Report } from './check.ts';

const noticeMs = 5_000;
const refusedMs = 15 * 60_000;

export interface ClockReading {
  /** The Date header; it has whole seconds. */
  readonly date: string | undefined;
  /** Our clock before the request and after its answer: milliseconds since 1970. */
  readonly sent: number;
  readonly received: number;
}

/** Milliseconds by which the site is ahead, as near to none as the reading allows; undefined without a date. */
export function skewOf({ date, sent, received }: ClockReading): number | undefined {
  const second = Date.parse(date ?? '');
  if (Number.isNaN(second)) return undefined;
  // The site's clock read something within this second at some time between the two.
  const [least, most] = [second - received, second + 999 - sent];
  if (least <= 0 && most >= 0) return 0;
  return least > 0 ? least : most;
}

export function checkClock({ ok, warning, failed }: Report, reading: ClockReading): Check {
  const skew = skewOf(reading);
  if (skew === undefined) return ok('clock', 'the site tells no time, so its clock cannot be compared');
  const away = `${duration(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'} this machine's`;
  const fix = 'keep both clocks in time with NTP (timedatectl set-ntp true)';
  if (Math.abs(skew) > refusedMs) {
    return failed('clock', `the site's clock is ${away}: S3 refuses what is more than 15 minutes off`, fix);
  }
  if (Math.abs(skew) > noticeMs) {
    const harm =
      "lag is measured wrongly, and where two sites write one key the later clock's version is the latest";
    return warning('clock', `the site's clock is ${away}: ${harm}`, fix);
  }
  return ok('clock', "agrees with this machine's");
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
