/**
 * Writes tar archives with PAX headers (POSIX.1-2001, pax interchange format), whole and in memory: the entries of a
 * stack are small and already here, so a stream per entry would cost more than the work itself.
 *
 * There is no end-of-archive marker: who reads on to the end of what carries the archive has proved its checksum.
 */

export interface TarEntry {
  readonly name: string;
  readonly body: Uint8Array;
  /** Records of the entry's own PAX header: what ustar cannot say. */
  readonly records: Readonly<Record<string, string>>;
}

const block = 512;
const empty = Buffer.alloc(0);

const padded = (size: number): number => Math.ceil(size / block) * block;

/** A PAX record says its own length, the digits of that length included. */
function paxRecord(name: string, value: string): string {
  const rest = ` ${name}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let total = size + String(size).length;
  if (size + String(total).length !== total) total = size + String(total).length;
  return `${total}${rest}`;
}

function writeHeader(into: Buffer, at: number, entry: { name: string; size: number; type: 'x' | '0' }): void {
  into.write(entry.name, at, 100, 'latin1');
  into.write('0000644\0', at + 100, 'latin1');
  into.write('0000000\x000000000\0', at + 108, 'latin1');
  into.write(`${entry.size.toString(8).padStart(11, '0')}\0`, at + 124, 'latin1');
  into.write('00000000000\0', at + 136, 'latin1');
  into.write('        ', at + 148, 'latin1');
  into.write(entry.type, at + 156, 'latin1');
  into.write('ustar\x0000', at + 257, 'latin1');
  let sum = 0;
  for (let index = at; index < at + block; index += 1) sum += into[index] ?? 0;
  into.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
}

/** The archive's bytes. The names are said in PAX `path` records, so they may be long and hold any character. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.map(({ name, body, records }) => {
    const lines = Object.entries({ path: name, ...records }).map(([key, value]) => paxRecord(key, value));
    return { pax: Buffer.from(lines.join('')), body };
  });
  const size = parts.reduce(
    (sum, { pax, body }) => sum + 2 * block + padded(pax.length) + padded(body.length),
    0,
  );
  const archive = Buffer.alloc(size);
  let at = 0;
  const add = (name: string, type: 'x' | '0', content: Uint8Array): void => {
    writeHeader(archive, at, { name, size: content.length, type });
    archive.set(content, at + block);
    at += block + padded(content.length);
  };
  for (const { pax, body } of parts) {
    add('pax', 'x', pax);
    add('entry', '0', body.length === 0 ? empty : body);
  }
  return archive;
}
