/** The plainest ZIP archive: files as they are, uncompressed (PKWARE's APPNOTE.TXT, 4.3.7, 4.3.12 and 4.3.16). */
import { crc32 } from 'node:zlib';

const VERSION = 10;
const LOCAL_FILE = 0x04034b50;
const LISTED_FILE = 0x02014b50;
const END = 0x06054b50;

export function zip(files: Readonly<Record<string, string>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const name = Buffer.from(path);
    const content = Buffer.from(text);
    const facts = factsOf(name, content);
    const body = Buffer.concat([numbers([LOCAL_FILE, 4]), facts, name, content]);
    // Comment, disk and attributes are left at 0.
    const where = numbers([0, 4], [0, 2], [0, 4], [offset, 4]);
    directory.push(Buffer.concat([numbers([LISTED_FILE, 4], [VERSION, 2]), facts, where, name]));
    bodies.push(body);
    offset += body.length;
  }
  const listed = Buffer.concat(directory);
  const count = directory.length;
  const end = numbers([END, 4], [0, 4], [count, 2], [count, 2], [listed.length, 4], [offset, 4], [0, 2]);
  return Buffer.concat([...bodies, listed, end]);
}

/** What is said of a file both before it and in the directory: no flags, no compression, no time. */
const factsOf = (name: Buffer, content: Buffer): Buffer =>
  Buffer.concat([
    numbers([VERSION, 2], [0, 4], [0, 4]),
    numbers([crc32(content), 4], [content.length, 4], [content.length, 4]),
    numbers([name.length, 2], [0, 2]),
  ]);

/** Little-endian numbers of so many bytes each. */
function numbers(...fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  const buffer = Buffer.alloc(fields.reduce((sum, [, bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [value, bytes] of fields) at = buffer.writeUIntLE(value, at, bytes);
  return buffer;
}
