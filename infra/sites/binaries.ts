/**
 * Finds the servers' programs: what the environment names, then the PATH, then a build from source that is
 * made once by `go install` and kept in the user's cache.
 *
 * @example
 * const minio = await findBinary('minio', environment, (line) => console.error(line));
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Environment } from '../config/env.ts';
import { build, type Compile } from './go-install.ts';

const VERSION_DEADLINE_MS = 30_000;

export type Tool = 'minio' | 'mc' | 'nats-server' | 'toxiproxy' | 'rclone';

export interface ToolSource {
  /** The environment variable that names the program. */
  readonly variable: string;
  /** Its name on the PATH. */
  readonly command: string;
  /** Go package, at this version. */
  readonly package: string;
  readonly version: string;
  /** What the build calls the program. */
  readonly builtName: string;
  /** Builds it where `go install` cannot. */
  readonly compile?: Compile;
  /** How long a build takes on two cores. */
  readonly takes: string;
  /** What asks for its version; `--version` by default. */
  readonly versionArguments?: readonly string[];
  /** What it prints then, so that another program of the same name (Midnight Commander is `mc` too) is told apart. */
  readonly saysVersion: RegExp;
  /** The lowest version that will do, if `saysVersion` catches one. */
  readonly atLeast?: readonly [major: number, minor: number];
}

export const TOOLS: Readonly<Record<Tool, ToolSource>> = {
  minio: {
    variable: 'MINIO_BIN',
    command: 'minio',
    package: 'github.com/minio/minio',
    version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
    builtName: 'minio',
    takes: 'about 3 minutes',
    saysVersion: /^minio version /m,
  },
  mc: {
    variable: 'MC_BIN',
    command: 'mc',
    package: 'github.com/minio/mc',
    version: 'v0.0.0-20250313080218-cf909e1063a9',
    builtName: 'mc',
    takes: 'about a minute',
    saysVersion: /^mc version .*[\s\S]*MinIO/m,
  },
  'nats-server': {
    variable: 'NATS_SERVER_BIN',
    command: 'nats-server',
    package: 'github.com/nats-io/nats-server/v2',
    version: 'v2.15.2',
    builtName: 'nats-server',
    takes: 'about a minute',
    saysVersion: /^nats-server: v(\d+)\.(\d+)/m,
    atLeast: [2, 12],
  },
  toxiproxy: {
    variable: 'TOXIPROXY_BIN',
    command: 'toxiproxy-server',
    package: 'github.com/Shopify/toxiproxy/v2/cmd/server',
    version: 'v2.5.0',
    builtName: 'server',
    takes: 'about half a minute',
    saysVersion: /^toxiproxy-server version /m,
  },
  rclone: {
    variable: 'RCLONE_BIN',
    command: 'rclone',
    package: 'github.com/rclone/rclone',
    version: 'v1.70.3',
    builtName: 'rclone',
    takes: 'about a minute',
    saysVersion: /^rclone v/m,
  },
};

/** The path of the program; `report` gets a line when something takes long. */
export const findBinary = (tool: Tool, env: Environment, report: (line: string) => void): Promise<string> =>
  findProgram(tool, TOOLS[tool], env, report);

/** The same for a program that is none of Causeway's own tools. */
export async function findProgram(
  tool: string,
  source: ToolSource,
  env: Environment,
  report: (line: string) => void,
): Promise<string> {
  const found = await findInstalled(source, env);
  if ('path' in found) return found.path;
  const cached = join(cacheDir(env), `${tool}-${source.version}`);
  if (await isExecutable(cached)) return cached;
  const { missing } = found;
  const go = await findOnPath('go', env);
  if (go === undefined) throw new Error(`${missing}; there is no Go to build it with. ${ways(source)}`);
  try {
    return await build({ tool, source, go, env, cached, report });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${missing}; building it failed. ${ways(source)}\n${why}`, { cause: error });
  }
}

/** What a program is told apart by. */
export type ProgramSource = Pick<
  ToolSource,
  'variable' | 'command' | 'versionArguments' | 'saysVersion' | 'atLeast'
>;

/** The program that the environment names, else the one on the PATH; what is wrong where there is none that will do. */
export async function findInstalled(
  source: ProgramSource,
  env: Environment,
): Promise<{ readonly path: string } | { readonly missing: string }> {
  const named = env[source.variable];
  if (named !== undefined && named !== '') return { path: await checkNamed(source, resolve(named)) };
  const path = await findOnPath(source.command, env);
  if (path === undefined) return { missing: `${source.command} was not found` };
  const problem = await objection(source, path);
  return problem === undefined ? { path } : { missing: `${path} ${problem}` };
}

/** The three ways out. */
function ways({ variable, command, atLeast }: ToolSource): string {
  const floor = atLeast ? ` (${atLeast.join('.')} or newer)` : '';
  return `Either set ${variable} to the path of the program${floor}, or put ${command}${floor} on the PATH, or install Go 1.24 or newer (https://go.dev/dl): it is then built from source, once.`;
}

async function checkNamed(source: ProgramSource, path: string): Promise<string> {
  const problem = (await isExecutable(path))
    ? await objection(source, path)
    : 'is not a file that can be run';
  if (problem === undefined) return path;
  throw new Error(`${source.variable} names ${path}, which ${problem}: correct it, or unset it`);
}

/** What is wrong with a program, if anything. */
async function objection(
  { command, versionArguments = ['--version'], saysVersion, atLeast }: ProgramSource,
  path: string,
): Promise<string | undefined> {
  const asked = versionArguments.join(' ');
  let output: string;
  try {
    const { stdout, stderr } = await promisify(execFile)(path, [...versionArguments], {
      timeout: VERSION_DEADLINE_MS,
    });
    output = stdout + stderr;
  } catch {
    return `does not answer ${asked}`;
  }
  const match = saysVersion.exec(output);
  if (match === null) return `does not answer ${asked} as ${command} does`;
  if (atLeast === undefined) return undefined;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const isNewEnough = major > atLeast[0] || (major === atLeast[0] && minor >= atLeast[1]);
  return isNewEnough
    ? undefined
    : `is version ${major}.${minor}, and at least ${atLeast.join('.')} is needed`;
}

async function findOnPath(command: string, env: Environment): Promise<string | undefined> {
  for (const dir of (env.PATH ?? '').split(delimiter)) {
    const path = join(dir, command);
    if (isAbsolute(dir) && (await isExecutable(path))) return path;
  }
  return undefined;
}

/** `$XDG_CACHE_HOME/causeway/bin`, in the home directory if that is not set. */
function cacheDir(env: Environment): string {
  const xdg = env.XDG_CACHE_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(env.HOME ?? homedir(), '.cache');
  return join(base, 'causeway', 'bin');
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
