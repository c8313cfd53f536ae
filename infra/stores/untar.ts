/**
 * Reads tar archives as tar.ts writes them, whole and in memory: a PAX header before each entry, regular files only
 * (POSIX.1-2001). Contents are views of the archive.
 */
import type { TarEntry } from './tar.ts';

export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

const block = 512;
const mostPax = 256 * 1024;

interface Part {
  readonly type: string;
  readonly body: Buffer;
}

/** Throws ArchiveError for anything else. */
export function untar(archive: Buffer): Omit<TarEntry, 'name'>[] {
  const entries: Omit<TarEntry, 'name'>[] = [];
  let pax: Readonly<Record<string, string>> | undefined;
  for (const { type, body } of partsOf(archive)) {
    if (type === 'x' && pax === undefined) pax = recordsOf(body);
    else if (type === '0' && pax !== undefined) {
      entries.push({ body, records: pax });
      pax = undefined;
    } else throw new ArchiveError('the archive has entries of another kind');
  }
  if (pax) throw new ArchiveError('the archive ends within an entry');
  return entries;
}

function* partsOf(archive: Buffer): Generator<Part> {
  let at = 0;
  while (at < archive.length) {
    const header = archive.subarray(at, at + block);
    if (header.length < block) throw new ArchiveError('the archive ends within a header');
    at += block;
    const size = sizeIn(header);
    if (at + size > archive.length) throw new ArchiveError('the archive ends within an entry');
    yield { type: header.toString('latin1', 156, 157), body: archive.subarray(at, at + size) };
    at += Math.ceil(size / block) * block;
  }
}

function sizeIn(header: Buffer): number {
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  const [size, wanted] = [octalIn(header, 124, 12), octalIn(header, 148, 8)];
  if (sum !== wanted || size === undefined) throw new ArchiveError('the archive has a damaged header');
  return size;
}

function octalIn(header: Buffer, at: number, length: number): number | undefined {
  const digits = /^([0-7]+)[\0 ]/.exec(header.toString('latin1', at, at + length))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

/** `length name=value\n`, where the length counts all of it. */
function recordsOf(pax: Buffer): Record<string, string> {
  if (pax.length > mostPax) throw new ArchiveError('an entry has too long a header');
  const records: [string, string][] = [];
  for (let at = 0; at < pax.length; ) {
    const length = Number(/^(\d{1,6}) /.exec(pax.toString('latin1', at, at + 7))?.[1] ?? 0);
    const line = pax.toString('utf8', at, at + length);
    const [, name, value] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new ArchiveError('an entry has a damaged header');
    records.push([name, value]);
    at += length;
  }
  return Object.fromEntries(records);
}
