/** CPU time of processes, as the kernel counts it (proc(5), /proc/PID/stat). */
import { readFile } from 'node:fs/promises';

/** USER_HZ, on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** Places of utime, stime, and of what ended children used, behind the command's name, which may hold spaces. */
const ticks = [11, 12, 13, 14] as const;

/** Milliseconds of CPU since it started; undefined where there is no /proc, or no such process. */
async function cpuOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const used = ticks.reduce((sum, place) => sum + Number(fields[place]), 0);
  return (used * 1000) / ticksPerSecond;
}

/** Process IDs by what the processes are. */
export type Processes = Readonly<Record<string, number>>;

export interface CpuMeter {
  /** Counts from here on. */
  start(processes: Processes): Promise<void>;
  /** Milliseconds that each used since; one that is new since then counts from its start. */
  used(processes: Processes): Promise<Readonly<Record<string, number>> | undefined>;
}

export function createCpuMeter(): CpuMeter {
  const before = new Map<number, number>();
  return {
    async start(processes) {
      for (const pid of Object.values(processes)) before.set(pid, (await cpuOf(pid)) ?? 0);
    },
    async used(processes) {
      const used: Record<string, number> = {};
      for (const [name, pid] of Object.entries(processes)) {
        const now = await cpuOf(pid);
        if (now === undefined) return undefined;
        used[name] = now - (before.get(pid) ?? 0);
      }
      return used;
    },
  };
}

/** Of all processes together, for each of so many objects. */
export const cpuEach = (used: Readonly<Record<string, number>>, objects: number): number =>
  Object.values(used).reduce((sum, ms) => sum + ms, 0) / objects;
