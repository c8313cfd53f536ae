/** `causeway ship-snapshot`: stores a mounted volume in its repository; what the mover's Job runs. */
import { shipSnapshot } from '../../../functions/ship-snapshot.ts';
import { optionsOf, shipTask } from '../../volumes/tasks.ts';
import type { CliCommand } from '../command.ts';
import { readOptions } from '../options.ts';
import { runOnVolume } from '../run-on-volume.ts';

export const shipSnapshotCommand: CliCommand = {
  name: 'ship-snapshot',
  summary: 'store a mounted volume in its repository (the mover runs it)',
  configure(command) {
    for (const [flags, words] of optionsOf(shipTask)) command.option(flags, words);
  },
  async run({ io, options, environment }) {
    const task = readOptions(shipTask, options);
    const { site, namespace, replication, claim, sync, takenAt, size } = task;
    const { keepLast: last, keepHourly, keepDaily, keepWeekly, keepMonthly } = task;
    return runOnVolume(task, { io, environment }, async () => ({
      bound: shipSnapshot,
      draft: {
        type: 'dev.causeway.volume.due.v1',
        data: { volume: { site, namespace, replication, claim }, sync, takenAt, size },
      },
      retention: { last, hourly: keepHourly, daily: keepDaily, weekly: keepWeekly, monthly: keepMonthly },
      waitMs: 0,
    }));
  },
};
