/** Every command, in the order that help shows them. */
import type { CliCommand } from '../command.ts';
import { diff } from './diff.ts';
import { start } from './start.ts';
import { up } from './up.ts';

export const commands: readonly CliCommand[] = [start, up, diff];
