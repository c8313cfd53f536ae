/** Reads a version at both ends of a link and compares all there is; memory holds a chunk of each side. */
import { createHash } from 'node:crypto';
import { TerminalError } from '../errors.ts';
import type { Content, ListedVersion } from '../ports.ts';
import { type Difference, type Ends, fieldsThatDiffer, type Side, seen } from './confirm.ts';

export interface ComparedContent {
  readonly bytes: number;
  readonly difference?: Difference;
}

const nothingRead: ComparedContent = { bytes: 0 };

export async function compareContent(
  ends: Ends,
  source: ListedVersion,
  target: ListedVersion,
): Promise<ComparedContent> {
  // Other sizes are a difference already.
  if (source.marker || target.marker || source.size !== target.size) return nothingRead;
  const opened: Content[] = [];
  const read = async (side: Side): Promise<Content | undefined> => {
    const { key, versionId } = source;
    const content = await ends[side].read({ bucket: ends.link[side].bucket, key, versionId });
    if (content) opened.push(content);
    return content;
  };
  try {
    const [left, right] = await both(read('source'), read('target'));
    // Purged meanwhile.
    if (!left || !right) return nothingRead;
    const [one, other] = await both(digest(left), digest(right));
    const bytes = one.bytes + other.bytes;
    const shown = ({ facts }: Content): ListedVersion =>
      seen(source, { state: 'object', facts, replica: false });
    const fields = fieldsThatDiffer(ends, shown(left), shown(right));
    if (one.sha256 !== other.sha256) {
      fields.push({ field: 'content', source: one.sha256, target: other.sha256 });
    }
    if (fields.length === 0) return { bytes };
    return { bytes, difference: { kind: 'differs', version: source, fields } };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { bytes: 0, difference: { kind: 'unreadable', version: source, reason: error.message } };
  } finally {
    for (const content of opened) content.discard();
  }
}

/** Waits for both, so that nothing is still being opened when one has failed. */
async function both<Value>(one: Promise<Value>, other: Promise<Value>): Promise<readonly [Value, Value]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

async function digest({ chunks }: Content): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { sha256: hash.digest('hex'), bytes };
}
