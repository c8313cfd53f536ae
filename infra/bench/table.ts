/** Results as lines and tables for people. */
import type { Machine } from './machine.ts';
import { linesOf, type OwnLine, type Result, type State, stateOf } from './report.ts';
import type { Round } from './rounds.ts';
import type { Figure, Measured, Plan, Product, Scenario } from './scenario.ts';
import type { Spread } from './statistics.ts';

export const headOf = (peerTitle: string): string[] => ['', 'CAUSEWAY', peerTitle, 'RATIO', ''];

export function rowsOf(result: Result): string[][] {
  const { causeway, peer } = result;
  const { compared, own } = linesOf(result);
  const states = [causeway, peer].map((rounds) => differencesText(stateOf(rounds)));
  const looks = [causeway, peer].map((rounds) => number(Math.max(...rounds.map(lookMs)), 0));
  return [
    ...compared.map((line) =>
      rowOf(line, spreadText(line.peer, line.figure.digits), spreadText(line.ratio, 2)),
    ),
    ...own.map((line) => rowOf(line, '', '')),
    ['differences at the end', ...states, '', ''],
    ['looked at the target every (ms, p99)', ...looks, '', ''],
  ];
}

const lookMs = ({ resolutionMs }: Round): number => resolutionMs;

const rowOf = ({ figure, causeway }: OwnLine, peer: string, ratio: string): string[] => [
  `${figure.name} (${figure.unit})`,
  spreadText(causeway, figure.digits),
  peer,
  ratio,
  `${figure.better} is better`,
];

const spreadText = ({ median, least, most }: Spread, digits: number): string =>
  `${number(median, digits)} (${number(least, digits)}–${number(most, digits)})`;

const number = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

function differencesText({ versions, differences }: State): string {
  const kinds = Object.entries(differences).map(([what, count]) => `${number(count, 0)} ${what}`);
  return kinds.length === 0 ? `none in ${number(versions, 0)}` : kinds.join(', ');
}

/** The figures that matter, of one round. */
export function roundText({ figures }: Scenario, { title }: Product, round: Round): string {
  const known = figures.flatMap((figure) => figureText(figure, round.figures));
  const missing = round.missing > 0 ? [`${number(round.missing, 0)} had not arrived at its end`] : [];
  return `${title.toLowerCase()}: ${[...known, ...missing].join(', ')}`;
}

function figureText({ name, unit, digits }: Figure, measured: Measured): string[] {
  const value = measured[name];
  return value === undefined ? [] : [`${name} ${number(value, digits)} ${unit}`];
}

export function planText({ name }: Scenario, plan: Plan): string {
  const { objects, objectBytes, ratePerSecond, rttMs, rounds } = plan;
  const rate = ratePerSecond > 0 ? `${ratePerSecond} PUT/s` : 'as fast as the source takes them';
  const pace = name === 'live' || name === 'burst' ? `, ${rate}` : '';
  return `${name}: ${number(objects, 0)} objects of ${objectBytes} bytes${pace}, round trip ${rttMs} ms, ${rounds} rounds each, in turns`;
}

export function machineText({ cores, cpu, memoryGiB, kernel, load, versions }: Machine): string {
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cores} × ${cpu}, ${memoryGiB} GiB, Linux ${kernel}, load ${load} before; ${all.join(', ')}`;
}
