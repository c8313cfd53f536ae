import { expect, test } from 'vitest';
import { joinedWith, placeName } from '../../../../infra/history/places.ts';
import { links } from '../../../e2e/rules.ts';

const all = links(
  { name: 'one', sites: ['a', 'b'], bucket: 'photos', direction: 'one-way' },
  { name: 'two', sites: ['b', 'c'], bucket: 'photos', direction: 'two-way' },
  { name: 'other', sites: ['a', 'c'], bucket: 'videos', direction: 'one-way' },
);

test.each([
  [{ site: 'a', bucket: 'photos' }, ['a/photos', 'b/photos', 'c/photos'], 3],
  [{ site: 'c', bucket: 'photos' }, ['c/photos', 'b/photos', 'a/photos'], 3],
  [{ site: 'c', bucket: 'videos' }, ['c/videos', 'a/videos'], 1],
  [{ site: 'b', bucket: 'videos' }, ['b/videos'], 0],
])('%j is joined with %j', (place, places, count) => {
  const joined = joinedWith(place, all);

  expect(joined.places.map(placeName)).toEqual(places);
  expect(joined.links).toHaveLength(count);
});
