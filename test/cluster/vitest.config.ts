/** Tests on a node of their own: apart from the others, since they need root and programs of a container runtime. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/cluster/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    // What does not become ready does no work.
    bail: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
