/**
 * Version times. S3 says them in three precisions: a MinIO put's sequencer in nanoseconds, a listing in
 * milliseconds, HEAD in seconds. They travel as RFC 3339 text in UTC with as many digits as are known.
 */
const nanosecondsPattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;

/** RFC 3339 with nine digits from nanoseconds since 1970. */
export function fromNanoseconds(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n;
  const rest = nanoseconds % 1_000_000_000n;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${rest.toString().padStart(9, '0')}Z`;
}

/** Nanoseconds since 1970 of an RFC 3339 UTC time. Throws RangeError on anything else. */
export function toNanoseconds(time: string): bigint {
  const match = nanosecondsPattern.exec(time);
  if (!match?.[1]) throw new RangeError(`not an RFC 3339 UTC time: ${time}`);
  const seconds = BigInt(Date.parse(`${match[1]}Z`)) / 1000n;
  return seconds * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

/** Milliseconds since 1970, cut (not rounded), as listings do. */
export const toMilliseconds = (time: string): number => Number(toNanoseconds(time) / 1_000_000n);

/** Two known times of one version are the same when they agree to the coarser one's precision, ms at best. */
export function sameTime(one: string, other: string): boolean {
  if (one === other || toMilliseconds(one) === toMilliseconds(other)) return true;
  const coarse = !one.includes('.') || !other.includes('.');
  return coarse && Math.floor(toMilliseconds(one) / 1000) === Math.floor(toMilliseconds(other) / 1000);
}
