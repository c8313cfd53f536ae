/**
 * MinIO shows user metadata that is not plain ASCII as RFC 2047 words, in the form that Go's mime package writes
 * (cmd/api-headers.go). A value that a client itself had stored in exactly that form looks the same; it would be
 * replicated decoded, and HEAD would show it at the target as it did at the source.
 */
import { fromHeader } from './text-encoding.ts';

const words = /^=\?UTF-8\?([qb])\?[^? ]*\?=(?: =\?UTF-8\?\1\?[^? ]*\?=)*$/;
const printable = /^[\t\x20-\x7e]*$/;
/** No header can have carried these to MinIO. */
const control = /[^\t\x20-\x7e\x80-\xff]/;
/** With one of these, MinIO takes the B encoding. */
const special = /["#$%&'(),.:;<>@[\]^`{|}~]/;

/** The text that MinIO encoded so; undefined if it did not. */
export function decodeMimeWords(value: string): string | undefined {
  if (!value.startsWith('=?')) return undefined;
  const encoding = words.exec(value)?.[1];
  if (encoding === undefined) return undefined;
  const decode = encoding === 'b' ? base64 : quoted;
  const bytes = value
    .split(' ')
    .map((word) => decode(word.slice('=?UTF-8?q?'.length, -'?='.length)))
    .join('');
  const isMinios =
    !printable.test(bytes) && !control.test(bytes) && special.test(bytes) === (encoding === 'b');
  return isMinios ? fromHeader(bytes) : undefined;
}

const base64 = (text: string): string => Buffer.from(text, 'base64').toString('latin1');

const quoted = (text: string): string =>
  text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
