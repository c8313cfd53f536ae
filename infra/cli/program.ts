/** A command line of some commands: their options, and what its exit code means (0 done, 1 explained, 2 wrong usage). */
import { Command, CommanderError } from 'commander';
import { environment } from '../config/env.ts';
import { SettingsError } from '../config/settings.ts';
import type { CliCommand } from './command.ts';
import { CommandError, createIo, UsageError } from './io.ts';

/** Runs what `args` name; sets the exit code of the process. */
export async function runProgram(commands: readonly CliCommand[], args: readonly string[]): Promise<void> {
  const program = new Command('causeway')
    .description('Replicates data between clusters, driven by events')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) });

  // Whoever reads (`| head`) may have read enough.
  process.stdout.on('error', (error) => {
    if ('code' in error && error.code === 'EPIPE') process.exit(0);
    throw error;
  });

  let isJson = args.includes('--json');
  for (const command of commands) {
    const sub = program.command(command.name).description(command.summary);
    command.configure(sub);
    sub.option('--json', 'print JSON on stdout');
    sub.exitOverride();
    sub.action(async () => {
      const options: Record<string, unknown> = sub.opts();
      isJson = options.json === true;
      const io = createIo(isJson, process.stdout, process.stderr);
      process.exitCode = await command.run({ io, options, args: sub.args, environment });
    });
  }

  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error, isJson);
  }
}

function exitCodeOf(error: unknown, isJson: boolean): number {
  const io = createIo(isJson, process.stdout, process.stderr);
  // Commander has printed its own words.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError || error instanceof SettingsError) {
    io.warn(`causeway: ${error.message}`);
    return 2;
  }
  const words = error instanceof Error ? error.message : String(error);
  io.warn(error instanceof CommandError ? words : `causeway: ${words}`);
  return 1;
}
