/** IDs: one fact is one ID, two facts never are; and the trace that events carry on. */
import { expect, test } from 'vitest';
import { identify, keyHash, nextTraceparent, partitionKey } from '../../../events/identity.ts';
import { oddKeys } from './samples.ts';

test('lists of parts that read alike have different IDs', () => {
  const lists: (string | undefined)[][] = [
    [],
    [''],
    [undefined],
    ['', ''],
    ['', undefined],
    [undefined, ''],
    ['ab'],
    ['a', 'b'],
    ['a;b'],
    ['1:a;1:b'],
    ['a', '1:b;'],
    ['-:'],
    ['0:;'],
    ['a', 'b', ''],
    ['a', 'b', undefined],
    ...oddKeys.map((key) => [key]),
    ...oddKeys.map((key) => [key, '']),
    ...oddKeys.map((key) => ['', key]),
  ];

  expect(new Set(lists.map((parts) => identify(...parts))).size).toBe(lists.length);
});

test('a part taken from one side of a border and put on the other changes the ID', () => {
  const text = 'bucket/key;1:2-:';
  const ids = Array.from({ length: text.length + 1 }, (_, at) => identify(text.slice(0, at), text.slice(at)));

  expect(new Set(ids).size).toBe(text.length + 1);
});

test('an ID is the same every time, and safe in a subject, a header and a KV key', () => {
  expect(identify('a', 1, undefined)).toBe(identify('a', 1, undefined));
  for (const key of oddKeys) expect(identify(key)).toMatch(/^[A-Za-z0-9_-]{27}$/);
});

test('the hash of a key is one subject token, whatever the key', () => {
  for (const key of oddKeys) expect(keyHash('photos', key)).toMatch(/^[0-9a-f]{16}$/);
  expect(new Set(oddKeys.map((key) => keyHash('photos', key))).size).toBe(oddKeys.length);
  expect(partitionKey('photos', 'a/b')).toBe('photos/a/b');
});

test('the next step keeps the trace and takes a place of its own', () => {
  const first = nextTraceparent();
  const second = nextTraceparent(first);

  expect(first).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(second.split('-')[1]).toBe(first.split('-')[1]);
  expect(second).not.toBe(first);
});

test.each(['', 'nonsense', 'a-b-c', '00-short-0011223344556677-01'])(
  'a trace such as "%s" is not carried on',
  (broken) => {
    expect(nextTraceparent(broken)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  },
);
