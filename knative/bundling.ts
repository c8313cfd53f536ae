/** Programs as one file each. A function's holds what serves it; the environment says all that it has to know. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { functions, receivers, volumeFunctions } from '../functions/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const shared: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Names of classes and functions are in logs and errors.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'eof',
  logLevel: 'warning',
  // Packages in CommonJS ask for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
  },
};

const served = (name: string): string => `
  import { serve } from './infra/cli/commands/serve.ts';
  import { runProgram } from './infra/cli/program.ts';
  await runProgram([serve], ['serve', ${JSON.stringify(name)}, ...process.argv.slice(2)]);
`;

const moved = (name: string): string => `
  import { commands } from './infra/cli/commands/volumes.ts';
  import { runProgram } from './infra/cli/program.ts';
  await runProgram(commands, [${JSON.stringify(name)}, ...process.argv.slice(2)]);
`;

const programOf = (name: string, contents: string) => ({
  file: `${name}.mjs`,
  input: { stdin: { contents, resolveDir: root, loader: 'ts' } } as const,
});

interface ProgramFile {
  readonly file: string;
  readonly input: BuildOptions;
}

const movers: readonly ProgramFile[] = volumeFunctions.map(({ name }) => programOf(name, moved(name)));
const everything: readonly ProgramFile[] = [
  { file: 'causeway.mjs', input: { entryPoints: ['infra/cli/main.ts'] } },
  ...[...functions, ...receivers].map(({ name }) => programOf(name, served(name))),
  ...movers,
];

/** Resolves to the files it wrote. */
export const bundle = (folder: string): Promise<readonly string[]> => write(everything, folder);

/** Those alone that Jobs run. */
export const bundleMovers = (folder: string): Promise<readonly string[]> => write(movers, folder);

async function write(programs: readonly ProgramFile[], folder: string): Promise<readonly string[]> {
  await Promise.all(
    programs.map(({ file, input }) => build({ ...shared, ...input, outfile: join(folder, file) })),
  );
  return programs.map(({ file }) => join(folder, file));
}
