/** Builds what a node runs, once: where the tests are, there is no way out to fetch anything. */
import { environment } from '../../infra/config/env.ts';
import { findNodePrograms } from './programs.ts';

await findNodePrograms(environment, (line) => console.error(line));
