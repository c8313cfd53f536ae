/** How the tests are found and run. */
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './slowest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Apart: `npm run test:cluster`.
    exclude: ['test/cluster/**'],
    pool: 'forks',
    // The usual machine of a test run has two cores. A third file at a time saves a minute, and has others miss theirs.
    maxWorkers: 2,
    // To load the packages takes longer than most files: a process that has loaded them goes on with the next file.
    isolate: false,
    sequence: { sequencer: SlowestFirst },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
