/** The restic of the tests, built where the machine has none that is new enough. */
import type { Environment } from '../../../infra/config/env.ts';
import { findProgram, type ToolSource } from '../../../infra/sites/binaries.ts';
import { resticSource } from '../../../infra/volumes/restic-program.ts';
import { throughModule } from '../../k8s/go-module.ts';

const version = 'v0.18.1';

const restic: ToolSource = {
  ...resticSource,
  package: 'github.com/restic/restic/cmd/restic',
  version,
  builtName: 'restic',
  takes: 'about 2 minutes',
  compile: throughModule({ module: 'github.com/restic/restic', siblings: version }),
};

export const findBuiltRestic = (env: Environment, report: (line: string) => void): Promise<string> =>
  findProgram('restic', restic, env, report);
