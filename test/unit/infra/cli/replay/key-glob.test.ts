/** Globs over keys. */
import { describe, expect, test } from 'vitest';
import { compileGlob } from '../../../../../infra/cli/replay/key-glob.ts';

const matches = (glob: string, key: string): boolean | undefined => compileGlob(glob)?.(key);

describe('a key glob', () => {
  test.each([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['ab', 'a', false],
    ['*', 'photo.jpg', true],
    ['*', 'a/b', false],
    ['**', 'a/b/c', true],
    ['*.jpg', 'x.jpg', true],
    ['*.jpg', '.jpg', true],
    ['*.jpg', 'a/x.jpg', false],
    ['**.jpg', 'a/x.jpg', true],
    ['2026/*/x', '2026/01/x', true],
    ['2026/*/x', '2026/01/02/x', false],
    ['2026/**/x', '2026/01/02/x', true],
    ['2026/**/x', '2026/x', false],
    ['***', 'a/b', true],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1b2b3d', false],
    ['**/a*', 'x/ab/a/abc', true],
    ['*/*', 'a/b', true],
    ['*/*', 'a/b/c', false],
    ['**/*', 'a/b/c', true],
  ])('%s on %s: %s', (glob, key, expected) => {
    expect(matches(glob, key)).toBe(expected);
  });

  test.each(['?', '[a]', '{a,b}', '(x)+', 'a.b', '$^|', 'ü\u{1f600}', 'a b', '%2F', 'ключ/\u0000'])(
    'takes %j as it is',
    (text) => {
      expect(matches(text, text)).toBe(true);
      expect(matches(text, `${text}x`)).toBe(false);
      expect(matches('?', 'a')).toBe(false);
    },
  );

  test('an escaped asterisk or backslash is itself', () => {
    expect(matches('a\\*', 'a*')).toBe(true);
    expect(matches('a\\*', 'ab')).toBe(false);
    expect(matches('\\\\', '\\')).toBe(true);
    expect(matches('\\a', 'a')).toBe(true);
  });

  test.each(['', '\\', 'a\\'])('%j is none', (glob) => {
    expect(compileGlob(glob)).toBeUndefined();
  });

  test('agrees with a regular expression on every short key', () => {
    const letters = ['a', 'b', '/'];
    const keys = [''];
    for (const key of keys) if (key.length < 6) keys.push(...letters.map((letter) => key + letter));
    for (const glob of ['*a', 'a*', '*a*b', '**a*', '*/**b', 'a**b*/', '*a**', '**/*/a', '*b*a*', '**a**b']) {
      const source = glob.replaceAll(/\*+/g, (stars) => (stars.length > 1 ? '.*' : '[^/]*'));
      const expression = new RegExp(`^${source}$`);
      for (const key of keys)
        expect([glob, key, matches(glob, key)]).toEqual([glob, key, expression.test(key)]);
    }
  });

  test('takes no longer on a key made to try every combination', () => {
    const before = performance.now();
    expect(matches(`${'*a'.repeat(20)}*b`, 'a'.repeat(4096))).toBe(false);
    expect(matches(`${'**a*a'.repeat(20)}b`, 'a'.repeat(4096))).toBe(false);
    expect(performance.now() - before).toBeLessThan(3000);
  });
});
