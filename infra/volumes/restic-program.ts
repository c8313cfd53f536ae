/** The restic that the mover runs: what the environment names, or the one on the PATH. */
import type { Environment } from '../config/env.ts';
import { findInstalled, type ProgramSource } from '../sites/binaries.ts';

/** From 0.17 on its exit codes tell a missing repository from a wrong password, and `restore --delete` is there. */
export const resticSource = {
  variable: 'RESTIC_BIN',
  command: 'restic',
  versionArguments: ['version'],
  saysVersion: /^restic (\d+)\.(\d+)/m,
  atLeast: [0, 17],
} as const satisfies ProgramSource;

/** Throws an Error that says how to get it. */
export async function findRestic(env: Environment): Promise<string> {
  const found = await findInstalled(resticSource, env);
  if ('path' in found) return found.path;
  const { variable, atLeast } = resticSource;
  throw new Error(
    `${found.missing}: put restic ${atLeast.join('.')} or newer on the PATH (Debian's package restic, from trixie on), or set ${variable} to its path`,
  );
}
