/** What the rounds say together: medians with their spread, and the ratio within each pair of rounds. */
import type { Machine } from './machine.ts';
import type { Round } from './rounds.ts';
import type { Figure, PeerName, Plan, Scenario } from './scenario.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface Line {
  readonly figure: Figure;
  readonly causeway: Spread;
  readonly peer: Spread;
  /** Causeway's value by the peer's, of rounds that ran one after the other. */
  readonly ratio: Spread;
}

/** A figure that not every round gave is left out. */
export function linesOf(
  { figures }: Pick<Scenario, 'figures'>,
  causeway: readonly Round[],
  peer: readonly Round[],
): Line[] {
  return figures.flatMap((figure): Line[] => {
    const [ours, theirs] = [valuesOf(causeway, figure), valuesOf(peer, figure)];
    const isWhole = ours.length === causeway.length && theirs.length === peer.length;
    if (!isWhole || ours.length === 0) return [];
    const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
    return [{ figure, causeway: spreadOf(ours), peer: spreadOf(theirs), ratio: spreadOf(ratios) }];
  });
}

export type OwnLine = Pick<Line, 'figure' | 'causeway'>;

/** What every round of Causeway's tells of, and none of the peer's. */
export function ownLinesOf(
  { figures }: Pick<Scenario, 'figures'>,
  causeway: readonly Round[],
  peer: readonly Round[],
): OwnLine[] {
  return figures.flatMap((figure): OwnLine[] => {
    const ours = valuesOf(causeway, figure);
    const isOwn = ours.length > 0 && ours.length === causeway.length && valuesOf(peer, figure).length === 0;
    return isOwn ? [{ figure, causeway: spreadOf(ours) }] : [];
  });
}

const valuesOf = (rounds: readonly Round[], { name }: Figure): number[] =>
  rounds.flatMap(({ figures }) => figures[name] ?? []);

export interface Result {
  readonly scenario: Scenario;
  readonly plan: Plan;
  readonly machine: Machine;
  readonly causeway: readonly Round[];
  readonly peer: readonly Round[];
  readonly peerName: PeerName;
  readonly settings: Readonly<Record<string, string>>;
}

/** One JSON document a scenario; the figure that it is about comes first, the others are within. */
export function documentOf(result: Result): object {
  const { scenario, plan, machine, causeway, peer, peerName, settings } = result;
  const [first, ...others] = linesOf(scenario, causeway, peer).map((line) => lineDocument(line, peerName));
  return {
    scenario: scenario.name,
    ...first,
    others,
    own: ownLinesOf(scenario, causeway, peer).map(ownDocument),
    state: { causeway: stateOf(causeway), peer: stateOf(peer) },
    rounds: [...causeway, ...peer],
    config: { ...plan, settings },
    machine,
  };
}

const lineDocument = (
  { figure: { name, unit, better }, causeway, peer, ratio }: Line,
  peerName: PeerName,
) => ({
  metric: name,
  unit,
  better,
  causeway: causeway.median,
  peer: peerName,
  peerValue: peer.median,
  ratio: ratio.median,
  spread: { causeway: rangeOf(causeway), peer: rangeOf(peer), ratio: rangeOf(ratio) },
});

const ownDocument = ({ figure: { name, unit, better }, causeway }: OwnLine) => ({
  metric: name,
  unit,
  better,
  causeway: causeway.median,
  spread: { causeway: rangeOf(causeway) },
});

const rangeOf = ({ least, most }: Spread): [number, number] => [least, most];

export interface State {
  readonly versions: number;
  /** Not arrived when a round's time was over; they are among the differences. */
  readonly missing: number;
  readonly differences: Readonly<Record<string, number>>;
}

/** Of all rounds together. */
export function stateOf(rounds: readonly Round[]): State {
  const differences: Record<string, number> = {};
  let [versions, missing] = [0, 0];
  for (const round of rounds) {
    versions += round.versions;
    missing += round.missing;
    for (const [what, count] of Object.entries(round.differences)) {
      differences[what] = (differences[what] ?? 0) + count;
    }
  }
  return { versions, missing, differences };
}
