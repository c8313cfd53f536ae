/** What Jobs run where a volume is mounted. */
import type { CliCommand } from '../command.ts';
import { restoreSnapshotCommand } from './restore-snapshot.ts';
import { shipSnapshotCommand } from './ship-snapshot.ts';

export const commands: readonly CliCommand[] = [shipSnapshotCommand, restoreSnapshotCommand];
