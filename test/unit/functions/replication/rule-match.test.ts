import { describe, expect, it } from 'vitest';
import type { Link } from '../../../../functions/ports.ts';
import { excludes, type Match, matches } from '../../../../functions/replication/rule-match.ts';

type Filter = Link['filter'];
const filter = (given: Partial<Filter> = {}): Filter => ({ prefix: '', exclude: [], tags: {}, ...given });
const link = (own: Partial<Filter>, ...yieldsTo: Partial<Filter>[]): Pick<Link, 'filter' | 'yieldsTo'> => ({
  filter: filter(own),
  yieldsTo: yieldsTo.map(filter),
});

describe('an exclusion', () => {
  it.each<[string, string, boolean]>([
    ['tmp/', 'tmp/a', true],
    ['tmp/', 'tmp/', true],
    ['tmp/', 'tmp', false],
    ['tmp/', 'a/tmp/b', false],
    ['*.tmp', 'a/b.tmp', true],
    ['*.tmp', '.tmp', true],
    ['*.tmp', 'a.tmp/b', false],
    ['*/tmp/*', 'a/tmp/b', true],
    ['*/tmp/*', 'tmp/b', false],
    ['a*', 'abc', true],
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'acb', false],
    ['aba*aba', 'ababa', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'acb', false],
    ['*', '', true],
    ['**', 'x', true],
    ['a?.txt', 'ab.txt', false],
    ['[a]*', '[a]b', true],
    ['.*', 'a', false],
    ['*.tmp', 'line\nbreak.tmp', true],
  ])('%j of %j is %s', (exclusion, key, expected) => {
    expect(excludes(exclusion, key)).toBe(expected);
  });

  it('of many asterisks takes no time that grows with the key beyond measure', () => {
    const started = performance.now();

    const excluded = excludes(`${'a*'.repeat(100)}b`, 'a'.repeat(1024));

    expect(excluded).toBe(false);
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('a link', () => {
  it.each<[string, Partial<Filter>, string, Record<string, string> | undefined, Match]>([
    ['without a filter takes all', {}, 'a', undefined, 'yes'],
    ['takes keys under its prefix', { prefix: 'a/' }, 'a/b', undefined, 'yes'],
    ['leaves other keys', { prefix: 'a/' }, 'b/a/', undefined, 'no'],
    ['leaves what it excludes', { exclude: ['x', '*.tmp'] }, 'a.tmp', {}, 'no'],
    ['takes what it does not exclude', { exclude: ['x', '*.tmp'] }, 'a.txt', {}, 'yes'],
    ['takes a version with its tag among others', { tags: { a: '1' } }, 'k', { a: '1', b: '2' }, 'yes'],
    ['leaves one with another value', { tags: { a: '1' } }, 'k', { a: '2' }, 'no'],
    ['leaves one that lacks a tag', { tags: { a: '1', b: '2' } }, 'k', { a: '1' }, 'no'],
    ['leaves one without tags', { tags: { a: '1' } }, 'k', {}, 'no'],
    ['is not fooled by names that every object has', { tags: { constructor: 'x' } }, 'k', {}, 'no'],
    ['cannot tell without the tags', { tags: { a: '1' } }, 'k', undefined, 'needs-tags'],
    ['can tell by the key without the tags', { prefix: 'a/', tags: { a: '1' } }, 'k', undefined, 'no'],
  ])('%s', (_, own, key, tags, expected) => {
    expect(matches(link(own), key, tags)).toBe(expected);
  });

  it.each<[string, Partial<Filter>[], Record<string, string> | undefined, Match]>([
    ['leaves a key to a higher rule that takes it', [{ prefix: 'vip/' }], undefined, 'no'],
    ['takes a key that no higher rule takes', [{ prefix: 'x/' }, { exclude: ['vip/'] }], undefined, 'yes'],
    ['leaves a version to a higher rule by its tags', [{ tags: { a: '1' } }], { a: '1' }, 'no'],
    ['takes a version that a higher rule leaves by its tags', [{ tags: { a: '1' } }], {}, 'yes'],
    ['cannot tell where a higher rule needs the tags', [{ tags: { a: '1' } }], undefined, 'needs-tags'],
    [
      'can tell where another higher rule does not',
      [{ tags: { a: '1' } }, { prefix: 'vip/' }],
      undefined,
      'no',
    ],
  ])('%s', (_, higher, tags, expected) => {
    expect(matches(link({}, ...higher), 'vip/key', tags)).toBe(expected);
  });

  it('asks for tags only where its own key filter takes the key', () => {
    expect(matches(link({ prefix: 'a/' }, { tags: { a: '1' } }), 'b')).toBe('no');
  });
});
