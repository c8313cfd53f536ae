import { describe, expect, it } from 'vitest';
import type { Link } from '../../../../functions/ports.ts';
import { linksOf } from '../../../../infra/config/links.ts';
import { ruleOf } from './documents-of.ts';

const name = ({ site, bucket }: Link['source']): string => (bucket === 'photos' ? site : `${site}/${bucket}`);
const ids = (links: readonly Link[]): string[] => links.map(({ id }) => id);

/** What the graph says of each link: its origins, and > where it goes on. */
function graph(...rules: Parameters<typeof linksOf>[0]['rules'][number][]): Record<string, string> {
  return Object.fromEntries(
    linksOf({ rules }).map((link) => [
      link.id,
      `${link.origins.map(name).sort().join(',')}${link.twoWay ? ' two-way' : ''}${link.onward ? ' onward' : ''}`.trim(),
    ]),
  );
}

describe('links', () => {
  it('of a one-way rule lead from the source to each target', () => {
    const rule = ruleOf('photos', 'paris', ['tokyo', 'oslo/backup'], {
      scan: { every: '2s' },
      deleteMarkers: false,
    });

    const links = linksOf({ rules: [rule] });

    expect(ids(links)).toEqual(['photos_paris_tokyo', 'photos_paris_oslo']);
    expect(links[1]).toEqual({
      id: 'photos_paris_oslo',
      rule: 'photos',
      source: { site: 'paris', bucket: 'photos' },
      target: { site: 'oslo', bucket: 'backup' },
      twoWay: false,
      filter: { prefix: '', exclude: [], tags: {} },
      yieldsTo: [],
      deleteMarkers: false,
      versionPurges: true,
      metadataChanges: true,
      existingObjects: true,
      origins: [],
      onward: false,
      beside: [],
      fedBy: [],
      upstream: [],
      reverses: [],
      scanEveryMs: 2000,
    });
  });

  it('of a two-way rule join every two of its sites both ways, each with its own bucket', () => {
    const rule = ruleOf('mesh', 'paris/a-bucket', ['tokyo/b-bucket', 'oslo/c-bucket'], {
      direction: 'two-way',
      filter: { prefix: 'live/' },
    });

    const links = linksOf({ rules: [rule] });

    expect(links.map(({ source, target }) => `${name(source)} ${name(target)}`)).toEqual([
      'paris/a-bucket tokyo/b-bucket',
      'paris/a-bucket oslo/c-bucket',
      'tokyo/b-bucket paris/a-bucket',
      'tokyo/b-bucket oslo/c-bucket',
      'oslo/c-bucket paris/a-bucket',
      'oslo/c-bucket tokyo/b-bucket',
    ]);
    expect(new Set(ids(links)).size).toBe(6);
    expect(new Set(links.map(({ filter }) => filter.prefix))).toEqual(new Set(['live/']));
  });

  it('tell the origins of a chain of one-way rules', () => {
    expect(graph(ruleOf('one', 'a', ['b']), ruleOf('two', 'b', ['c']), ruleOf('three', 'c', ['d']))).toEqual({
      one_a_b: 'onward',
      two_b_c: 'a onward',
      three_c_d: 'a,b',
    });
  });

  it('tell the origins of a chain of two-way rules', () => {
    const twoWay = { direction: 'two-way' };

    expect(graph(ruleOf('one', 'a', ['b'], twoWay), ruleOf('two', 'b', ['c'], twoWay))).toEqual({
      one_a_b: 'b,c two-way onward',
      one_b_a: 'a,c two-way',
      two_b_c: 'a,c two-way',
      two_c_b: 'a,b two-way onward',
    });
  });

  it('are two-way where two one-way rules face each other', () => {
    expect(graph(ruleOf('there', 'a', ['b']), ruleOf('back', 'b', ['a']))).toEqual({
      there_a_b: 'b two-way',
      back_b_a: 'a two-way',
    });
  });

  it('go on only where the next rule takes some of the same keys of the same bucket', () => {
    const rules = [
      ruleOf('one', 'a', ['b'], { filter: { prefix: 'x/' } }),
      ruleOf('two', 'b', ['c'], { filter: { prefix: 'y/' } }),
      ruleOf('three', 'b/other', ['d']),
    ];

    expect(graph(...rules)).toEqual({ one_a_b: '', two_b_c: 'a', three_b_d: '' });
  });

  it('do not go on to a site that the same rule feeds from the source', () => {
    const mesh = linksOf({ rules: [ruleOf('mesh', 'a', ['b', 'c'], { direction: 'two-way' })] });

    expect(mesh.filter(({ onward }) => onward)).toEqual([]);
    expect(mesh.find(({ id }) => id === 'mesh_b_c')?.fedBy).toEqual(['a']);
  });

  it('tell the origins of a ring without naming the bucket itself', () => {
    const ring = graph(ruleOf('one', 'a', ['b']), ruleOf('two', 'b', ['c']), ruleOf('three', 'c', ['a']));

    expect(ring).toEqual({ one_a_b: 'b,c onward', two_b_c: 'a,c onward', three_c_a: 'a,b onward' });
  });
});

describe('priority', () => {
  const high = { priority: 2, filter: { prefix: 'vip/', tags: { class: 'hot' } } };
  const yields = (...rules: Parameters<typeof linksOf>[0]['rules'][number][]): Record<string, string[]> =>
    Object.fromEntries(
      linksOf({ rules }).map(({ id, yieldsTo }) => [id, yieldsTo.map(({ prefix }) => prefix)]),
    );

  it('makes the lower of two rules yield to the filter of the higher', () => {
    const [lower, higher] = linksOf({ rules: [ruleOf('low', 'a', ['c']), ruleOf('high', 'b', ['c'], high)] });

    expect(lower?.yieldsTo).toEqual([{ prefix: 'vip/', exclude: [], tags: { class: 'hot' } }]);
    expect(higher?.yieldsTo).toEqual([]);
  });

  it('leaves a rule alone whose keys are not the same', () => {
    const other = ruleOf('low', 'a', ['c'], { filter: { exclude: ['vip/'] } });

    expect(yields(other, ruleOf('high', 'b', ['c'], high))).toEqual({ low_a_c: [], high_b_c: [] });
  });

  it('leaves the links to other targets alone', () => {
    expect(yields(ruleOf('low', 'a', ['c', 'd']), ruleOf('high', 'b', ['c'], high))).toEqual({
      low_a_c: ['vip/'],
      low_a_d: [],
      high_b_c: [],
    });
  });

  it('does not part the sites of two-way rules that meet at a bucket', () => {
    const twoWay = { direction: 'two-way' };

    expect(
      yields(ruleOf('one', 'a', ['b'], twoWay), ruleOf('two', 'b', ['c'], { ...twoWay, priority: 9 })),
    ).toEqual({
      one_a_b: [],
      one_b_a: [],
      two_b_c: [],
      two_c_b: [],
    });
  });
});
