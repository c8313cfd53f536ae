/** How MinIO shows user metadata that is not plain ASCII; the samples are what a server answered. */
import { expect, test } from 'vitest';
import { decodeMimeWords } from '../../../../infra/stores/mime-words.ts';

test.for([
  ['=?UTF-8?q?=C3=B6_=C3=BC?=', 'ö ü'],
  ['=?UTF-8?q?a=C2=A0=E3=80=80_b?=', 'a\u00a0\u3000 b'],
  ['=?UTF-8?b?R3LDtsOfZTogMw==?=', 'Größe: 3'],
  ['=?UTF-8?q?=CE=A9=CE=A9?= =?UTF-8?q?=CE=A9?=', 'ΩΩΩ'],
  ['=?UTF-8?q?a=FFb=FE?=', 'a\udcffb\udcfe'],
  ['=?UTF-8?q?=3D=3F=5F=C3=B6?=', '=?_ö'],
] as const)('%j is %j', ([shown, text]) => {
  expect(decodeMimeWords(shown)).toBe(text);
});

test.for([
  'plain',
  '=?UTF-8?q?abc?=',
  '=?utf-8?q?=C3=B6?=',
  '=?UTF-8?Q?=C3=B6?=',
  '=?UTF-8?b?w7Y=?=',
  '=?UTF-8?q?=C3=B6?= and more',
  '=?UTF-8?q?=C3=B6',
  '=?UTF-8?q?=C3=B6=0D=0A?=',
  '=?',
])('%j is a client’s own', (shown) => {
  expect(decodeMimeWords(shown)).toBeUndefined();
});
