/** What a figure depends on: the machine, and the versions of what ran. */
import { execFile } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { TOOLS, type Tool } from '../sites/binaries.ts';
import type { Programs } from './programs.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Of the minute before the first round: others may have used the machine too. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

export async function describeMachine(programs: Programs): Promise<Machine> {
  const all = cpus();
  return {
    cores: all.length,
    cpu: all[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    versions: {
      node: process.version,
      minio: await versionOf('minio', programs.minio),
      'nats-server': await versionOf('nats-server', programs.nats),
      toxiproxy: await versionOf('toxiproxy', programs.toxiproxy),
    },
  };
}

/** Programs that Causeway built do not know their own. */
async function versionOf(tool: Tool, path: string): Promise<string> {
  const { version } = TOOLS[tool];
  if (path.endsWith(`${tool}-${version}`)) return version;
  const { stdout } = await promisify(execFile)(path, ['--version']);
  return stdout.split('\n')[0] ?? '';
}
