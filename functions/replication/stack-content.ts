/** An entry of a stack as a version's content, for a store that writes it by itself. */
import type { Content, StackEntry } from '../ports.ts';

export function contentOf({ facts, body }: StackEntry): Content {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (body.length > 0) yield body;
  }
  return { facts, chunks: chunks(), discard: () => undefined };
}
