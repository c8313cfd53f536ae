/** Builds the servers that the tests need, where the machine has none: once, in sight, and not within a test's time. */
import { findPrograms } from '../infra/bench/programs.ts';
import { environment } from '../infra/config/env.ts';

await findPrograms(environment, (line) => console.error(line));
