/** What the rounds say together: medians with their spread, and the ratio within each pair of rounds. */
import type { Machine } from './machine.ts';
import type { Round } from './rounds.ts';
import type { Figure, PeerName, Plan, Scenario } from './scenario.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** A figure that the peer has none for. */
export interface OwnLine {
  readonly figure: Figure;
  readonly causeway: Spread;
}

export interface Line extends OwnLine {
  readonly peer: Spread;
  /** Causeway's value by the peer's, of rounds that ran one after the other. */
  readonly ratio: Spread;
}

interface Lines {
  readonly compared: readonly Line[];
  readonly own: readonly OwnLine[];
}

/** A figure that not every round of a product gave is left out. */
export function linesOf({ scenario, causeway, peer }: Pick<Result, 'scenario' | 'causeway' | 'peer'>): Lines {
  const compared: Line[] = [];
  const own: OwnLine[] = [];
  for (const figure of scenario.figures) {
    const [ours, theirs] = [valuesOf(causeway, figure), valuesOf(peer, figure)];
    if (ours.length === 0 || ours.length < causeway.length) continue;
    const line = { figure, causeway: spreadOf(ours) };
    if (theirs.length === 0) own.push(line);
    if (theirs.length === 0 || theirs.length < peer.length) continue;
    const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
    compared.push({ ...line, peer: spreadOf(theirs), ratio: spreadOf(ratios) });
  }
  return { compared, own };
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
  const { compared, own } = linesOf(result);
  const [first, ...others] = compared.map((line) => lineDocument(line, peerName));
  return {
    scenario: scenario.name,
    ...first,
    others,
    own: own.map(ownDocument),
    state: { causeway: stateOf(causeway), peer: stateOf(peer) },
    rounds: [...causeway, ...peer],
    config: { ...plan, settings },
    machine,
  };
}

const ownDocument = ({ figure: { name, unit, better }, causeway }: OwnLine) => ({
  metric: name,
  unit,
  better,
  causeway: causeway.median,
  spread: { causeway: rangeOf(causeway) },
});

function lineDocument(line: Line, peerName: PeerName) {
  const { spread, ...own } = ownDocument(line);
  const { peer, ratio } = line;
  return {
    ...own,
    peer: peerName,
    peerValue: peer.median,
    ratio: ratio.median,
    spread: { ...spread, peer: rangeOf(peer), ratio: rangeOf(ratio) },
  };
}

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
