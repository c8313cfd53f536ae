/** The benchmarks' tables and plot show the results that are there. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { plot } from '../bench/plot.ts';
import { files, readResults, withTables } from '../bench/report.ts';

test('the tables and the plot are made of the results (npm run bench:report)', async () => {
  const results = await readResults();
  const readme = await readFile(files.readme, 'utf8');

  expect(results.length).toBeGreaterThan(0);
  expect(withTables(readme, results)).toBe(readme);
  expect(plot(results)).toBe(await readFile(files.plot, 'utf8'));
});
