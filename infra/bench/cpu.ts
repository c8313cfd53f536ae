/** CPU time of processes, as the kernel counts it (proc(5), /proc/PID/stat). */
import { readFile } from 'node:fs/promises';

/** USER_HZ, on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** Places of utime and stime behind the command's name, which may hold spaces. */
const [userTicks, systemTicks] = [11, 12] as const;

/** Milliseconds of CPU since it started; undefined where there is no /proc, or no such process. */
async function cpuOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[userTicks]) + Number(fields[systemTicks])) * 1000) / ticksPerSecond;
}

export interface CpuMeter {
  /** Counts from here on. */
  start(pids: readonly number[]): Promise<void>;
  /** Milliseconds that `pids` used since; a process that is new since then counts from its start. */
  used(pids: readonly number[]): Promise<number | undefined>;
}

export function createCpuMeter(): CpuMeter {
  let before = new Map<number, number>();
  const read = async (pids: readonly number[]) => {
    const all = await Promise.all(pids.map(async (pid) => [pid, await cpuOf(pid)] as const));
    return new Map(all.flatMap(([pid, ms]) => (ms === undefined ? [] : [[pid, ms] as const])));
  };
  return {
    async start(pids) {
      before = await read(pids);
    },
    async used(pids) {
      const now = await read(pids);
      if (now.size < pids.length) return undefined;
      let total = 0;
      for (const [pid, ms] of now) total += ms - (before.get(pid) ?? 0);
      return total;
    },
  };
}
