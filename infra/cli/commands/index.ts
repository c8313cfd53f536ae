/** Every command, in the order that help shows them. */
import type { CliCommand } from '../command.ts';
import { bench } from './bench.ts';
import { deadLetters } from './dead-letters.ts';
import { diff } from './diff.ts';
import { dispatch } from './dispatch.ts';
import { doctor } from './doctor.ts';
import { explain } from './explain.ts';
import { replay } from './replay.ts';
import { serve } from './serve.ts';
import { sources } from './sources.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { up } from './up.ts';
import { commands as volumeCommands } from './volumes.ts';

export const commands: readonly CliCommand[] = [
  start,
  up,
  serve,
  dispatch,
  sources,
  ...volumeCommands,
  status,
  doctor,
  explain,
  diff,
  replay,
  deadLetters,
  bench,
];
