/** Moments as people give them: RFC 3339, or how long ago (`15m`). */
import { parseDuration } from '../../config/quantities.ts';

const rfc3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970; undefined for what is no moment. */
export function parseMoment(text: string, now: number): number | undefined {
  const ago = parseDuration(text);
  if (ago !== undefined) return Math.max(0, now - ago);
  const [, day, time, fraction = '', zone] = rfc3339.exec(text) ?? [];
  if (day === undefined || time === undefined || zone === undefined) return undefined;
  // JavaScript takes the 30th of February for the 2nd of March.
  if (new Date(`${day}T00:00:00Z`).getUTCDate() !== Number(day.slice(8))) return undefined;
  const moment = Date.parse(`${day}T${time}${fraction.slice(0, 4)}${zone.toUpperCase()}`);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment);
}
