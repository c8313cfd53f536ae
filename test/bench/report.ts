/**
 * Turns the results of benchmarks (`causeway bench … --json > test/bench/results/NAME.json`) into the tables of
 * README.md and the plot beside it: `npm run bench:report`. A test holds both to the results.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { cpuHead, cpuRowsOf } from './cpu-table.ts';
import { linkOf } from './link.ts';
import { plot } from './plot.ts';

const spread = z.tuple([z.number(), z.number()]);
const line = z.object({
  metric: z.string(),
  unit: z.string(),
  better: z.enum(['lower', 'higher']),
  causeway: z.number(),
  peer: z.string(),
  peerValue: z.number(),
  ratio: z.number(),
  spread: z.object({ causeway: spread, peer: spread, ratio: spread }),
});
const resultSchema = line.extend({
  scenario: z.string(),
  others: z.array(line),
  /** What the peer has no figure for. */
  own: z.array(line.pick({ metric: true, unit: true, causeway: true })).default([]),
  config: z.object({
    objects: z.number(),
    rttMs: z.number(),
    rounds: z.number(),
    linkBytesPerSecond: z.number().optional(),
  }),
  rounds: z.array(
    z.object({
      product: z.string(),
      missing: z.number(),
      /** By process. */
      cpuMs: z.record(z.string(), z.number()).optional(),
    }),
  ),
});

export type BenchLine = z.infer<typeof line>;
export type BenchResult = z.infer<typeof resultSchema> & {
  /** The file's name without its ending. */
  readonly name: string;
};

const here = new URL('./', import.meta.url);

export async function readResults(): Promise<BenchResult[]> {
  const folder = new URL('results/', here);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(
    names.map(async (name) => ({
      ...resultSchema.parse(JSON.parse(await readFile(new URL(name, folder), 'utf8'))),
      name: name.replace(/\.json$/, ''),
    })),
  );
}

const digits = (value: number): string =>
  value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: true });

function rowsOf({ scenario, config, others, own, ...first }: BenchResult): string[][] {
  const rowOf = ({ metric, unit, causeway }: (typeof own)[number], peer: string, ratio: string): string[] => [
    `${metric} (${unit})`,
    digits(causeway),
    peer,
    ratio,
  ];
  const rows = [
    ...[first, ...others].map((line) =>
      rowOf(line, `${line.peer} ${digits(line.peerValue)}`, ratioText(line)),
    ),
    ...own.map((line) => rowOf(line, '', '')),
  ];
  const name = `\`${scenario}\`, RTT ${linkOf(config)}, ${digits(config.objects)} objects`;
  return rows.map((row, index) => [index === 0 ? name : '', ...row]);
}

const ratioText = ({ ratio, spread: { ratio: range } }: BenchLine): string =>
  `${digits(ratio)} (${digits(range[0])}–${digits(range[1])})`;

const resultsHead = ['scenario', 'figure', 'Causeway', 'peer', 'ratio (spread)'] as const;

/** Its columns are as wide as the formatter makes them. */
function tableOf(head: readonly string[], body: readonly string[][]): string {
  const rows = [head, ...body];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const [first = '', ...others] = rows.map((row) =>
    lineOf(widths.map((wide, column) => (row[column] ?? '').padEnd(wide))),
  );
  return [first, lineOf(widths.map((wide) => '-'.repeat(wide))), ...others].join('\n');
}

/** The README with the results in it. */
export function withTables(readme: string, results: readonly BenchResult[]): string {
  const tables = {
    results: tableOf(resultsHead, results.flatMap(rowsOf)),
    cpu: tableOf(cpuHead, cpuRowsOf(results)),
  };
  return Object.entries(tables).reduce((text, [name, table]) => withTable(text, name, table), readme);
}

function withTable(readme: string, name: string, table: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`] as const;
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`test/bench/README.md lacks ${begin} or ${end}`);
  return `${readme.slice(0, from + begin.length)}\n\n${table}\n\n${readme.slice(to)}`;
}

export const files = { readme: new URL('README.md', here), plot: new URL('results.svg', here) } as const;

if (import.meta.main) {
  const results = await readResults();
  await writeFile(files.readme, withTables(await readFile(files.readme, 'utf8'), results));
  await writeFile(files.plot, plot(results));
}
