/** The link of a result, in words. */
import type { BenchResult } from './report.ts';

/** Its round trip, and its bandwidth where that is bounded. */
export function linkOf({ rttMs, linkBytesPerSecond }: BenchResult['config']): string {
  const bits = linkBytesPerSecond === undefined ? '' : `, ${(linkBytesPerSecond * 8) / 1e6} Mbit/s`;
  return `${rttMs} ms${bits}`;
}
