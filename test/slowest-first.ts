/** The order of the test files: those that take long first, so that none of them runs alone in the end. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest first. Others follow as vitest has it: by what they took here before, else by their size. */
const slowest = [
  'sim/simulation.test.ts',
  'e2e/volumes/walkthroughs.test.ts',
  'e2e/volumes/restoring.test.ts',
  'k8s/volumes.test.ts',
  'k8s/documents.test.ts',
  'k8s/snapshot-watch.test.ts',
  'bench/quick.test.ts',
  'chaos/cut.test.ts',
  'chaos/memory.test.ts',
  'chaos/servers-killed.test.ts',
  'chaos/stream-lost.test.ts',
  'e2e/doctor.test.ts',
  'e2e/three-sites.test.ts',
  'e2e/existing.test.ts',
  'e2e/seeded-workload.test.ts',
];
const here = fileURLToPath(new URL('.', import.meta.url));

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = slowest.indexOf(relative(here, moduleId));
      return found < 0 ? slowest.length : found;
    };
    const others = await super.sort(files);
    return others.toSorted((one, other) => rank(one) - rank(other));
  }
}
