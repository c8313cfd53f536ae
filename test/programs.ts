/** Builds the servers that the tests need, where the machine has none: once, in sight, and not within a test's time. */
import { findPrograms } from '../infra/bench/programs.ts';
import { environment } from '../infra/config/env.ts';
import { findBuiltRestic } from './e2e/volumes/restic.ts';
import { findClusterPrograms } from './k8s/programs.ts';

const report = (line: string) => console.error(line);
await findPrograms(environment, report);
await findClusterPrograms(environment, report);
await findBuiltRestic(environment, report);
