/** How the tests are found and run. */
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './slowest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Apart: `npm run test:cluster`.
    exclude: ['test/cluster/**'],
    pool: 'forks',
    // Of three files one waits for something most of the time: the usual machine of a test run has two cores.
    maxWorkers: 3,
    // To load the packages takes longer than most files: a process that has loaded them goes on with the next file.
    isolate: false,
    sequence: { sequencer: SlowestFirst },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
