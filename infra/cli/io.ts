/** How commands speak: people get lines and tables, scripts get JSON on stdout; logs and progress go to stderr. */
import { shown } from './shown.ts';

export interface Io {
  readonly json: boolean;
  /** Progress may be drawn: stderr is a terminal, and nobody asked for JSON. */
  readonly isTerminal: boolean;
  /** One line for people on stdout; nothing with --json. */
  say(line: string): void;
  /** One JSON document, on one line, with --json; nothing for people. */
  document(value: unknown): void;
  /** A table for people. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
  /** A line on stderr, whoever listens. */
  warn(line: string): void;
}

/** What a command could not do, in words that need no stack; exits 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The command was called wrongly; exits 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Out {
  write(text: string): unknown;
}

/** Whatever a line holds of names and words from outside; its own line breaks are meant. */
const printable = (text: string): string => text.split('\n').map(shown).join('\n');

export function createIo(json: boolean, stdout: Out, stderr: Out & { readonly isTTY?: boolean }): Io {
  const say = (line: string): void => {
    if (!json) stdout.write(`${printable(line)}\n`);
  };
  return {
    json,
    isTerminal: !json && stderr.isTTY === true,
    say,
    document(value) {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    table(head, rows) {
      const cells = [head, ...rows].map((row) => row.map((cell) => shown(String(cell))));
      const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
      for (const row of cells) {
        say(
          row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join('  ')
            .trimEnd(),
        );
      }
    },
    warn(line) {
      stderr.write(`${printable(line)}\n`);
    },
  };
}
