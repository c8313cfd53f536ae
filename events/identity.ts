/**
 * Names and hashes that every event carries: ids, partition keys, trace context.
 * One fact is one id, however often it is notified; two facts are never one id.
 */
import { createHash, randomUUID } from 'node:crypto';

/** Hash of an ordered list of parts; the separator cannot occur in any of them unescaped, so two lists never meet. */
export function identify(...parts: readonly (string | number | undefined)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const text = part === undefined ? '' : String(part);
    hash.update(`${part === undefined ? '-' : Buffer.byteLength(text)}:${text};`);
  }
  return hash.digest('base64url').slice(0, 27);
}

/** Groups everything that happens to one key; also the last token of an event's subject. */
export function keyHash(bucket: string, key: string): string {
  return createHash('sha256').update(`${bucket}/${key}`).digest('hex').slice(0, 16);
}

/** CloudEvents partitionkey: bucket/key. */
export const partitionKey = (bucket: string, key: string): string => `${bucket}/${key}`;

const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A W3C traceparent for a new trace, or for the next step of the given one. */
export function nextTraceparent(cause = ''): string {
  const trace = traceparent.exec(cause)?.[1] ?? randomHex();
  return `00-${trace}-${randomHex().slice(0, 16)}-01`;
}

/** 32 digits, of which 30 are chance. Node has UUIDs in store, and asks the system for each other random number. */
const randomHex = (): string => randomUUID().replaceAll('-', '');
