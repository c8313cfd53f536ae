/** The demonstration on a terminal: both sites, what crossed between them, and the lag. */
import type { LinkStatus } from '../../host/status.ts';

export interface Picture {
  readonly sites: readonly [string, string];
  readonly endpoints: readonly [string, string];
  readonly versions: number;
  readonly differences: number;
  readonly links: readonly LinkStatus[];
}

const ms = (value: number): string =>
  value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;

function arrow(link: LinkStatus | undefined, isForward: boolean): string {
  if (!link) return '';
  const lag = link.arrivalLag
    ? `lag p50 ${ms(link.arrivalLag.p50)}, p99 ${ms(link.arrivalLag.p99)}`
    : 'nothing yet';
  const words =
    link.state === 'paused'
      ? `waits: ${link.reason}`
      : `${link.arrived} sent, ${link.verified} verified, ${lag}`;
  return isForward ? `     ── ${words} ──▶` : `     ◀── ${words} ──`;
}

/** Lines of one picture. */
export function draw({ sites, endpoints, versions, differences, links }: Picture): string[] {
  const [left, right] = sites;
  const from = (site: string) => links.find(({ link }) => link.split('_')[1] === site);
  const state = differences === 0 ? 'both hold the same versions' : `${differences} versions on their way`;
  return [
    `${`  ${left} ${endpoints[0]}`.padEnd(42)}${right} ${endpoints[1]}`,
    arrow(from(left), true),
    arrow(from(right), false),
    `  ${versions} versions: ${state}`,
  ];
}
