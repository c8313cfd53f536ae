import { expect, test } from 'vitest';
import { scan, textOf, unescapeXml } from '../../../../infra/stores/xml.ts';

function leavesOf(xml: string): string[] {
  const leaves: string[] = [];
  scan(xml, { leaf: (name, text) => leaves.push(`${name}=${text}`) });
  return leaves;
}

test.each<[string, string[]]>([
  ['<Error><Code>NoSuchKey</Code><Empty/></Error>', ['Code=NoSuchKey', 'Empty=']],
  ['<Error><Code>NoSuchKey</', ['Code=NoSuchKey']],
  ['<Error><Code>NoSuchKey', []],
  ['<Error><Code', []],
  ['/<a><b>', []],
  ['</a>', []],
  ['<', []],
  ['', []],
])('%j is read as far as it goes', (xml, leaves) => {
  expect(leavesOf(xml)).toEqual(leaves);
});

test.each([
  ['&lt;&#60;&#x3C;&amp;lt;', '<<<&lt;'],
  ['&constructor; &unknown; &', '&constructor; &unknown; &'],
  ['&#x110000; &#99999999999;', '&#x110000; &#99999999999;'],
])('%j is unescaped once', (text, expected) => {
  expect(unescapeXml(text)).toBe(expected);
});

test('entities of a document’s own are not expanded', () => {
  const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;&b;</a>';

  expect(textOf(bomb, 'a')).toBe('&b;&b;');
});
