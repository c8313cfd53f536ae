import { describe, expect, it } from 'vitest';
import type { Link } from '../../../../functions/ports.ts';
import { filtersOverlap, keysOverlap } from '../../../../infra/config/overlap.ts';

type Filter = Link['filter'];
const filter = (given: Partial<Filter> = {}): Filter => ({ prefix: '', exclude: [], tags: {}, ...given });

describe('filters', () => {
  it.each<[string, Partial<Filter>, Partial<Filter>, boolean]>([
    ['all and all', {}, {}, true],
    ['all and a prefix', {}, { prefix: 'a/' }, true],
    ['a prefix and a longer one', { prefix: 'a/' }, { prefix: 'a/b/' }, true],
    ['two prefixes', { prefix: 'a/' }, { prefix: 'b/' }, false],
    ['a prefix, and all but it', { prefix: 'a/' }, { exclude: ['a/'] }, false],
    ['a prefix, and all but a wider one', { prefix: 'a/b/' }, { exclude: ['a/'] }, false],
    ['a prefix, and all but a part of it', { prefix: 'a/' }, { exclude: ['a/b/'] }, true],
    ['a prefix, and all but a glob over it', { prefix: 'a/b/' }, { exclude: ['a/*'] }, false],
    ['a prefix, and all but a glob in the middle', { prefix: 'x/tmp/y' }, { exclude: ['*/tmp/*'] }, false],
    ['a prefix, and all but an ending', { prefix: 'a/' }, { exclude: ['*.tmp'] }, true],
    [
      'a prefix that excludes all of the other',
      { prefix: 'a/', exclude: ['a/b'] },
      { prefix: 'a/b/' },
      false,
    ],
    ['one tag with two values', { tags: { class: 'hot' } }, { tags: { class: 'cold' } }, false],
    ['two tags', { tags: { class: 'hot' } }, { tags: { team: 'x' } }, true],
    ['the same tag', { tags: { class: 'hot' } }, { tags: { class: 'hot', team: 'x' } }, true],
    ['a tag, and all', { tags: { class: 'hot' } }, {}, true],
  ])('for %s', (_, one, other, expected) => {
    expect(filtersOverlap(filter(one), filter(other))).toBe(expected);
    expect(filtersOverlap(filter(other), filter(one))).toBe(expected);
  });

  it('overlap by key alone even where tags differ', () => {
    expect(keysOverlap(filter({ tags: { a: '1' } }), filter({ tags: { a: '2' } }))).toBe(true);
  });
});
