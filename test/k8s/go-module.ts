/**
 * Builds a program whose module `go install` refuses: its go.mod replaces modules by directories of its own repository,
 * which are no part of the module as the proxy serves it. Here a go.mod of our own requires what it requires, and takes
 * those modules from the proxy. Its go.sum comes along, so that the others are checked against what its makers saw.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Build, type Compile, runGo } from '../../infra/sites/go-install.ts';

export interface ModuleProgram {
  /** The program's package is in it. */
  readonly module: string;
  /** Under which its makers publish the modules of their repository. */
  readonly siblings: string;
  /** For the linker: what the program says of its version. */
  readonly variables?: Readonly<Record<string, string>>;
}

const moduleVersion = z.object({ Path: z.string(), Version: z.string().optional() });
const goModSchema = z.object({
  Go: z.string(),
  Godebug: z.array(z.object({ Key: z.string(), Value: z.string() })).nullish(),
  Require: z.array(moduleVersion),
  Replace: z.array(z.object({ Old: moduleVersion, New: moduleVersion })).nullish(),
});
type GoMod = z.infer<typeof goModSchema>;
const downloadSchema = z.object({ GoMod: z.string(), Dir: z.string() });

export const throughModule =
  (program: ModuleProgram): Compile =>
  async (wanted, into) => {
    const { source } = wanted;
    await mkdir(into, { recursive: true });
    const own = await download(wanted, `${program.module}@${source.version}`, into);
    const goMod = goModSchema.parse(JSON.parse(await go(wanted, ['mod', 'edit', '-json', own.GoMod], into)));
    await writeFile(join(into, 'go.mod'), goModFor(program, source.version, goMod));
    await copyFile(join(own.Dir, 'go.sum'), join(into, 'go.sum'));
    const variables = Object.entries(program.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
    const ldflags = ['-s', '-w', ...variables].join(' ');
    const flags = ['-mod=mod', '-trimpath', '-ldflags', ldflags, '-o', source.builtName];
    await go(wanted, ['build', ...flags, source.package], into);
  };

/** `GOWORK=off`: a workspace of the user's own around the cache must not be built in. */
const go = (wanted: Build, args: readonly string[], cwd: string): Promise<string> =>
  runGo(wanted, args, { cwd, GOWORK: 'off' });

async function download(wanted: Build, module: string, cwd: string): Promise<z.infer<typeof downloadSchema>> {
  return downloadSchema.parse(JSON.parse(await go(wanted, ['mod', 'download', '-json', module], cwd)));
}

/** Exported for its test: the one step here that thinks. */
export function goModFor({ module, siblings }: ModuleProgram, version: string, its: GoMod): string {
  const required = new Set(its.Require.map(({ Path }) => Path));
  const replaced = (its.Replace ?? []).flatMap(({ Old, New }) => {
    if (New.Version !== undefined) return [`replace ${Old.Path} => ${New.Path} ${New.Version}`];
    // The others stand there to forbid a module, which is not in the build then.
    return required.has(Old.Path) ? [`replace ${Old.Path} => ${Old.Path} ${siblings}`] : [];
  });
  const lines = [
    'module build',
    `go ${its.Go}`,
    ...(its.Godebug ?? []).map(({ Key, Value }) => `godebug ${Key}=${Value}`),
    `require ${module} ${version}`,
    ...its.Require.map(({ Path, Version }) => `require ${Path} ${Version ?? ''}`),
    ...replaced,
  ];
  return `${lines.join('\n')}\n`;
}
