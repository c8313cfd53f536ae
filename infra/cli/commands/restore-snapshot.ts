/** `causeway restore-snapshot`: fills a mounted volume with a shipment that has arrived; what the restore Job runs. */
import { restoreSnapshot } from '../../../functions/restore-snapshot.ts';
import { optionsOf, restoreTask } from '../../volumes/tasks.ts';
import type { CliCommand } from '../command.ts';
import { CommandError } from '../io.ts';
import { readOptions } from '../options.ts';
import { runOnVolume } from '../run-on-volume.ts';

export const restoreSnapshotCommand: CliCommand = {
  name: 'restore-snapshot',
  summary: 'fill a mounted volume with a shipment that has arrived (a Job runs it)',
  configure(command) {
    for (const [flags, words] of optionsOf(restoreTask)) command.option(flags, words);
  },
  async run({ io, options, environment }) {
    const task = readOptions(restoreTask, options);
    return runOnVolume(task, { io, environment }, async ({ shipments }) => {
      const name = task.shipment ?? (await shipments.list()).at(-1)?.shipment;
      const shipment = name === undefined ? undefined : await shipments.read(name);
      if (!shipment) throw new CommandError(`no shipment has arrived at ${task.bucket}/${task.path}`);
      return {
        bound: restoreSnapshot,
        draft: { type: 'dev.causeway.snapshot.shipped.v1', data: shipment.shipped },
        retention: { last: 1 },
        waitMs: task.waitSeconds * 1000,
      };
    });
  },
};
