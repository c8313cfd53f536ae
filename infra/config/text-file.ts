/** Reads a small text file that a user named; what goes wrong is an answer, in words that name no content. */
import { createReadStream } from 'node:fs';

export type ReadText = { readonly text: string } | { readonly problem: string };

/** Stops reading at the bound, so that a device or a wrong file cannot fill the memory. */
export async function readText(file: string, mostBytes: number): Promise<ReadText> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(file, { end: mostBytes })) chunks.push(Buffer.from(chunk));
  } catch (error) {
    return { problem: `cannot be read: ${reason(error)}` };
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > mostBytes) return { problem: `is larger than ${mostBytes / 1024} KiB` };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { problem: 'is not UTF-8 text' };
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
