/** How many times better than its peer Causeway was, scenario by scenario, as bars on a logarithmic scale. */
import { linkOf } from './link.ts';
import type { BenchResult } from './report.ts';

const [width, rowHeight, labels, top] = [860, 34, 330, 56] as const;
const room = width - labels - 150;
const [least, most] = [0.1, 100] as const;

const heading = 'How many times better than its peer Causeway was (median of rounds)';

/** Above 1 is better, whichever way the figure counts. */
const advantage = ({ better, ratio }: Pick<BenchResult, 'better' | 'ratio'>): number =>
  better === 'higher' ? ratio : 1 / ratio;

const at = (value: number): number => {
  const share = Math.log(Math.min(most, Math.max(least, value)) / least) / Math.log(most / least);
  return labels + share * room;
};

const number = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 });
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function bar(result: BenchResult, index: number): string {
  const value = advantage(result);
  const y = top + index * rowHeight;
  const [from, to] = [at(1), at(value)].toSorted((one, other) => one - other);
  const colour = value >= 1 ? '#2a7f62' : '#b5523b';
  const { scenario, metric, unit, causeway, peer, peerValue, config } = result;
  const title = escaped(`${scenario}, ${linkOf(config)}: ${metric}`);
  const values = escaped(`${number(causeway)} against ${number(peerValue)} ${unit} (${peer})`);
  return [
    `<text x="${labels - 10}" y="${y + 11}" text-anchor="end" font-size="13">${title}</text>`,
    `<text x="${labels - 10}" y="${y + 25}" text-anchor="end" font-size="10" fill="#777">${values}</text>`,
    `<rect x="${from}" y="${y + 3}" width="${Math.max(1, (to ?? 0) - (from ?? 0))}" height="20" rx="2" fill="${colour}"/>`,
    `<text x="${at(Math.max(1, value)) + 8}" y="${y + 18}" font-size="13">${number(value)} ×</text>`,
  ].join('\n');
}

function line(value: number, height: number): string {
  const x = at(value);
  return [
    `<line x1="${x}" x2="${x}" y1="${top - 8}" y2="${height - 12}" stroke="#999" stroke-opacity="0.4"/>`,
    `<text x="${x}" y="${top - 14}" text-anchor="middle" font-size="11" fill="#777">${number(value)} ×</text>`,
  ].join('\n');
}

export function plot(results: readonly BenchResult[]): string {
  const height = top + results.length * rowHeight + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" fill="#333">`,
    `<title>${heading}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="24" font-size="15" font-weight="bold">${heading}</text>`,
    ...[0.1, 1, 10, 100].map((value) => line(value, height)),
    ...results.map(bar),
    '</svg>\n',
  ].join('\n');
}
