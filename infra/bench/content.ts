/** What is in a round's objects. */
import { randomBytes } from 'node:crypto';
import type { Plan } from './scenario.ts';

const words = ['replica', 'version', 'bucket', 'marker', 'origin', 'target', 'stream', 'digest'];

/** From 0 to 1, spread out whatever the count, and the same in each round. */
export const evenly = (index: number): number => (index * 0.618_034) % 1;

export type BodyOf = (index: number) => Buffer;

export function bodies({ content = 'random', objectBytes }: Pick<Plan, 'content' | 'objectBytes'>): BodyOf {
  switch (content) {
    case 'random':
      return () => randomBytes(objectBytes);
    case 'random-sizes':
      return (index) => randomBytes(Math.floor(evenly(index) * objectBytes));
    case 'json':
      return (index) => records(index, 1024 + Math.floor(evenly(index) * (objectBytes - 1024)));
  }
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
