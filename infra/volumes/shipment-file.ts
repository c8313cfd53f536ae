/**
 * A shipment as it is stored: lines of JSON, compressed, the first of which says what was shipped and the others each a
 * file, by name. A file takes some forty bytes, and a terabyte has some sixty thousand: they pass through, in both
 * directions, and are never held together.
 */
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { type SnapshotShipped, snapshotShippedSchema } from '../../events/volume-events.ts';
import { TerminalError } from '../../functions/errors.ts';
import type { RepositoryFile } from '../../functions/volume-ports.ts';

const headSchema = z.object({ shipped: snapshotShippedSchema });
const fileSchema = z.tuple([z.string().min(1).max(1024), z.int().nonnegative()]);

const lineBlock = 64 * 1024;

async function* lines(
  shipped: SnapshotShipped,
  files: AsyncIterable<RepositoryFile>,
): AsyncGenerator<string> {
  let block = `${JSON.stringify({ shipped })}\n`;
  for await (const { name, size } of files) {
    block += `${JSON.stringify([name, size])}\n`;
    if (block.length < lineBlock) continue;
    yield block;
    block = '';
  }
  yield block;
}

/** Compressed, in pieces as they become full; the last is what is left, and the only one where there is not more. */
export async function* packed(
  shipped: SnapshotShipped,
  files: AsyncIterable<RepositoryFile>,
  pieceBytes: number,
): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let length = 0;
  // Who reads hears of what went wrong.
  for await (const chunk of pipeline(Readable.from(lines(shipped, files)), createGzip(), () => undefined)) {
    pieces.push(chunk);
    length += chunk.length;
    if (length < pieceBytes) continue;
    yield Buffer.concat(pieces);
    [pieces, length] = [[], 0];
  }
  if (length > 0) yield Buffer.concat(pieces);
}

export interface Unpacked {
  readonly shipped: SnapshotShipped;
  readonly files: AsyncGenerator<RepositoryFile, void>;
  /** To be called where the files are not gone through. */
  close(): Promise<unknown>;
}

/** Throws TerminalError for what is no shipment. */
export async function unpacked(name: string, stored: Readable): Promise<Unpacked> {
  const unzipped = linesOf(stored);
  const next = async (): Promise<string | undefined> => {
    try {
      const { value, done } = await unzipped.next();
      return done ? undefined : value;
    } catch (cause) {
      if (isDamage(cause)) throw new TerminalError(`${name} is no shipment`, { cause });
      throw cause;
    }
  };
  async function* files(): AsyncGenerator<RepositoryFile, void> {
    try {
      for (let line = await next(); line !== undefined; line = await next()) {
        const [file, size] = parsed(name, fileSchema, line);
        yield { name: file, size };
      }
    } finally {
      await unzipped.return();
    }
  }
  const { shipped } = parsed(name, headSchema, (await next()) ?? '');
  return { shipped, files: files(), close: () => unzipped.return() };
}

const mostOfALine = 64 * 1024;

async function* linesOf(stored: Readable): AsyncGenerator<string, void> {
  const unzipped = pipeline(stored, createGunzip(), () => undefined).setEncoding('utf8');
  let rest = '';
  for await (const chunk of unzipped) {
    const whole = `${rest}${chunk}`.split('\n');
    rest = whole.pop() ?? '';
    yield* whole;
    if (rest.length > mostOfALine) throw new TerminalError('a line of a shipment is too long');
  }
}

/** What cannot be unzipped, or ends too early. */
const isDamage = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

function parsed<Value>(name: string, schema: z.ZodType<Value>, line: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new TerminalError(`${name} is no shipment`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new TerminalError(`${name} is no shipment: ${z.prettifyError(result.error)}`);
}
