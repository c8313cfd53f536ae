/** What is in a round's objects. */
import { createCipheriv, randomBytes } from 'node:crypto';
import type { Plan } from './scenario.ts';

const words = ['replica', 'version', 'bucket', 'marker', 'origin', 'target', 'stream', 'digest'];

/** From 0 to 1, spread out whatever the count, and the same in each round. */
export const evenly = (index: number): number => (index * 0.618_034) % 1;

export type BodyOf = (index: number) => Buffer;

const timesEach = 5;

export function bodies({
  content = 'random',
  objects,
  objectBytes,
}: Pick<Plan, 'content' | 'objects' | 'objectBytes'>): BodyOf {
  switch (content) {
    case 'random':
      return () => randomBytes(objectBytes);
    case 'random-sizes':
      return (index) => randomBytes(Math.floor(evenly(index) * objectBytes));
    case 'repeats': {
      const contents = Math.ceil(objects / timesEach);
      return (index) => {
        // Some repeat soon, some late.
        const number = index % 2 === 0 ? index % contents : (index * 7919) % contents;
        return numbered(number, Math.floor((1 + 6 * evenly(number)) * (objectBytes / 7)));
      };
    }
    case 'json':
      return (index) => records(index, 1024 + Math.floor(evenly(index) * (objectBytes - 1024)));
  }
}

/** Always the same for a number; it cannot be compressed. */
function numbered(number: number, bytes: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(number);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** Records as an application's log has them. */
function records(index: number, bytes: number): Buffer {
  const lines: string[] = [];
  for (let length = 0, line = 0; length < bytes; line++) {
    const word = words[(index + line) % words.length];
    const text = JSON.stringify({
      ...{ id: index * 1000 + line, at: new Date(1_700_000_000_000 + index * 977 + line * 13).toISOString() },
      ...{ level: 'info', message: `the ${word} was seen`, [`${word}Id`]: randomBytes(4).toString('hex') },
    });
    lines.push(text);
    length += text.length + 1;
  }
  return Buffer.from(lines.join('\n').slice(0, bytes));
}
