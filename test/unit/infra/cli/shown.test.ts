import { expect, test } from 'vitest';
import { counted, shown, shownBytes, shownValue } from '../../../../infra/cli/shown.ts';

test.each([
  ['plain / ünïcode 😀 日本', 'plain / ünïcode 😀 日本'],
  ['red\u001b[31m', 'red\\u001b[31m'],
  ['two\nlines\r\t', 'two\\u000alines\\u000d\\u0009'],
  ['c1\u009b31m\u007f', 'c1\\u009b31m\\u007f'],
  ['turned\u202egpj.exe', 'turned\\u202egpj.exe'],
  ['lone\udc80', 'lone\\udc80'],
])('%j is shown as %s', (text, expected) => {
  expect(shown(text)).toBe(expected);
});

test('values have one line, of bounded length', () => {
  expect(shownValue({ a: '1\n' })).toBe('{"a":"1\\n"}');
  expect(shownValue(undefined)).toBe('nothing');
  expect(shownValue('x'.repeat(1000))).toHaveLength(161);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1.5 * 1024 ** 2, '1.5 MiB'],
  [3 * 1024 ** 5, '3072.0 TiB'],
])('%i bytes are %s', (bytes, expected) => {
  expect(shownBytes(bytes)).toBe(expected);
});

test('counts name their things', () => {
  expect([counted(1, 'version'), counted(0, 'link'), counted(12_345, 'key')]).toEqual([
    '1 version',
    '0 links',
    '12,345 keys',
  ]);
});
