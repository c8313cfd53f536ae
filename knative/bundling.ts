/** Programs as one file each. A function's holds what serves it; the environment says all that it has to know. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { functions } from '../functions/index.ts';

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

/** Resolves to the files it wrote. */
export async function bundle(folder: string): Promise<readonly string[]> {
  const programs: { file: string; input: BuildOptions }[] = [
    { file: 'causeway.mjs', input: { entryPoints: ['infra/cli/main.ts'] } },
    ...functions.map(({ name }) => ({
      file: `${name}.mjs`,
      input: { stdin: { contents: served(name), resolveDir: root, loader: 'ts' } } as const,
    })),
  ];
  await Promise.all(
    programs.map(({ file, input }) => build({ ...shared, ...input, outfile: join(folder, file) })),
  );
  return programs.map(({ file }) => join(folder, file));
}
