/**
 * Text on the wire. Keys go into paths percent-encoded by RFC 3986, byte by byte, `/` kept (what SigV4 signs);
 * header values are bytes, which undici writes and reads as latin1 strings.
 */
import { TerminalError } from '../../functions/errors.ts';

/** Percent-encodes everything but RFC 3986's unreserved characters. */
export function encodeComponent(text: string): string {
  try {
    return encodeURIComponent(text).replace(
      /[!'()*]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  } catch (cause) {
    throw new TerminalError(`${JSON.stringify(text)} is not valid Unicode, so no S3 request can name it`, {
      cause,
    });
  }
}

/** A key as it stands in a path. Never normalised: `//` and `..` mean themselves. */
export const encodeKey = (key: string): string => encodeComponent(key).replaceAll('%2F', '/');

const asciiOnly = /^[\t\x20-\x7e]*$/;

/**
 * The latin1 string that makes undici send `text` as UTF-8. A byte that was no UTF-8 when it was read comes back
 * as the byte it was (see fromHeader).
 */
export function toHeader(text: string): string {
  if (asciiOnly.test(text)) return text;
  let bytes = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (character.length === 1 && code >= 0xdc80 && code <= 0xdcff)
      bytes += String.fromCharCode(code - 0xdc00);
    else bytes += Buffer.from(character, 'utf8').toString('latin1');
  }
  return bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of a header value's bytes. What is not UTF-8 becomes lone surrogates U+DC80…DCFF (as Python's
 * surrogateescape does), so that a value some client wrote in latin1 is passed on unchanged.
 */
export function fromHeader(latin1: string): string {
  if (asciiOnly.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return escapeInvalid(bytes);
  }
}

function escapeInvalid(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = validLengthAt(bytes, at);
    if (length === 0) text += String.fromCharCode(0xdc00 + bytes.readUInt8(at));
    else text += bytes.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return text;
}

/** Length of the UTF-8 character that starts there; 0 if none does. */
function validLengthAt(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      utf8.decode(bytes.subarray(at, at + length));
      return length;
    } catch {
      // A longer one may be valid.
    }
  }
  return 0;
}
