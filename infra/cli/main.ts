/** The command line: every command. */
import { commands } from './commands/index.ts';
import { runProgram } from './program.ts';

await runProgram(commands, process.argv.slice(2));
