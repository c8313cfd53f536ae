/** What a command is. */
import type { Command } from 'commander';
import type { Environment } from '../config/env.ts';
import type { Io } from './io.ts';

export interface Invocation {
  readonly io: Io;
  /** As commander parsed them; each command reads them by its own schema. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
  readonly environment: Environment;
}

export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  /** Declares arguments and options; --json is there for every command. */
  configure(command: Command): void;
  /** Resolves with the exit code: 0 or 1. Throws CommandError (1) or UsageError (2). */
  run(invocation: Invocation): Promise<number>;
}

const collect = (file: string, files: string[] | undefined): string[] => [...(files ?? []), file];

/** -f FILE, several times if need be; every command that reads documents has it. */
export const withDocuments = (command: Command): Command =>
  command.option(
    '-f, --file <file>',
    'documents (again for more); default $CAUSEWAY_DOCUMENTS, else causeway.yaml',
    collect,
  );

/** Where a running deployment answers to Prometheus, to probes and to webhooks. */
export const withGateway = (
  command: Command,
  at: { readonly host: string; readonly port: string },
): Command =>
  command
    .option('--listen <port>', 'port of /metrics, /health and /webhook', at.port)
    .option('--host <address>', 'address to listen on', at.host);

export const withNats = (command: Command): Command =>
  command.option(
    '--nats <url>',
    'NATS server; default: the one that causeway up started for these documents',
  );
