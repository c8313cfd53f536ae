/** How the tests are found and run. Files run beside each other, two at a time: the machine has two cores. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Apart: `npm run test:cluster`.
    exclude: ['test/cluster/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
