/** What content is: found out while it passes, or by reading all of it. */
import { createHash } from 'node:crypto';
import type { ContentId, Digest } from '../content.ts';
import type { Content } from '../ports.ts';

export interface Watched {
  readonly content: Content;
  /** Undefined until all of it has passed. */
  id(): ContentId | undefined;
}

/** The same content, which is looked at on its way. */
export function watched(content: Content): Watched {
  const { size } = content.facts;
  const hash = createHash('sha256');
  let passed = 0;
  let sha256: string | undefined;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of content.chunks) {
      hash.update(chunk);
      passed += chunk.length;
      yield chunk;
    }
    if (passed === size) sha256 = hash.digest('hex');
  }
  return {
    content: { ...content, chunks: chunks() },
    id: () => (sha256 === undefined ? undefined : { size, sha256 }),
  };
}

/** Takes all of it. Undefined where it is not as long as its facts say. Pieces are told where their size is given. */
export async function digestOf(
  { facts: { size }, chunks }: Content,
  pieceBytes: number | undefined,
): Promise<Digest | undefined> {
  const whole = createHash('sha256');
  const pieces = pieceBytes === undefined ? undefined : cutInPieces(pieceBytes);
  let passed = 0;
  for await (const chunk of chunks) {
    whole.update(chunk);
    pieces?.update(chunk);
    passed += chunk.length;
  }
  if (passed !== size) return undefined;
  return { size, sha256: whole.digest('hex'), pieces: pieces?.digests() ?? [] };
}

function cutInPieces(pieceBytes: number) {
  const done: string[] = [];
  let piece = createHash('md5');
  let filled = 0;
  return {
    update(chunk: Uint8Array): void {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + pieceBytes - filled);
        piece.update(part);
        at += part.length;
        filled += part.length;
        if (filled < pieceBytes) continue;
        done.push(piece.digest('hex'));
        piece = createHash('md5');
        filled = 0;
      }
    },
    digests: (): string[] => (filled > 0 ? [...done, piece.digest('hex')] : done),
  };
}
