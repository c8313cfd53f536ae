/** How commands speak: people get lines and tables, scripts get JSON on stdout; logs and progress go to stderr. */
import { stripVTControlCharacters } from 'node:util';

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

const width = (text: string): number => stripVTControlCharacters(text).length;

/** Names from the outside may hold control characters: a terminal must not obey them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');

export function createIo(json: boolean, stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Io {
  const say = (line: string): void => {
    if (!json) stdout.write(`${line}\n`);
  };
  return {
    json,
    isTerminal: !json && stderr.isTTY,
    say,
    document(value) {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    table(head, rows) {
      const cells = [head, ...rows].map((row) => row.map((cell) => printable(String(cell))));
      const widths = head.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ''))));
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
      stderr.write(`${line}\n`);
    },
  };
}
