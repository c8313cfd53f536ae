/**
 * Memory that parts are held in, used again and again: to get fresh pages costs more than to copy into them, and what
 * is let go of waits for the garbage collector, beyond what the budget counts.
 */

/** Kept while nobody uses them. */
const mostIdle = 4;
const idleMs = 10_000;

const idle: Buffer[] = [];
let timer: NodeJS.Timeout | undefined;

/** At least so many bytes, of no certain content. */
export function takeBuffer(bytes: number): Buffer {
  const index = idle.findIndex(({ length }) => length >= bytes && length <= 2 * bytes);
  const [known] = index < 0 ? [] : idle.splice(index, 1);
  return known ?? Buffer.allocUnsafeSlow(bytes);
}

/** Only what no request uses any more. */
export function giveBuffer(buffer: Buffer): void {
  idle.push(buffer);
  if (idle.length > mostIdle) idle.shift();
  clearTimeout(timer);
  timer = setTimeout(() => idle.splice(0), idleMs).unref();
}
