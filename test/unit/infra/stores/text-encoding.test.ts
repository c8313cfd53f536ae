/** Keys and header values on the wire. */
import { describe, expect, test } from 'vitest';
import { TerminalError } from '../../../../functions/errors.ts';
import { encodeKey, fromHeader, toHeader } from '../../../../infra/stores/text-encoding.ts';

test.for([
  ['a b+c%20', 'a%20b%2Bc%2520'],
  ["!'()*", '%21%27%28%29%2A'],
  ['a//b/./../', 'a//b/./../'],
  ['~-._09azAZ', '~-._09azAZ'],
  ['ö🦆', '%C3%B6%F0%9F%A6%86'],
  ['\u0000\n', '%00%0A'],
] as const)('key %j is %j in a path', ([key, encoded]) => {
  expect(encodeKey(key)).toBe(encoded);
});

test('a key that is no Unicode is hopeless', () => {
  expect(() => encodeKey('a\ud800b')).toThrow(TerminalError);
});

describe('header values', () => {
  test.for(['', 'plain\ttext', 'Grüße', '日本 🦆', '\ufeffBOM', '\ud83d\ude00'])(
    '%j goes as UTF-8',
    (text) => {
      const header = toHeader(text);

      expect(Buffer.from(header, 'latin1').toString('utf8')).toBe(text);
      expect(fromHeader(header)).toBe(text);
    },
  );

  test('every byte sequence comes back as it was', () => {
    const samples = [
      '\xff',
      'a\xc3',
      '\xc3\xa4\xc3',
      '\xed\xa0\x80',
      '\xf0\x9f\xa6',
      'ok \xc3\xb6 \x80\xbf',
      '\xc0\xaf',
    ];
    for (let byte = 0x80; byte <= 0xff; byte++) samples.push(`x${String.fromCharCode(byte)}y`);

    for (const bytes of samples) expect(toHeader(fromHeader(bytes))).toBe(bytes);
  });
});
