import { expect, test } from 'vitest';
import type { Link } from '../../../../functions/ports.ts';
import { whyNot } from '../../../../functions/replication/why-not.ts';

type Filter = Link['filter'];
const filter = (given: Partial<Filter> = {}): Filter => ({ prefix: '', exclude: [], tags: {}, ...given });

test.each<[Partial<Filter>, Partial<Filter>[], Record<string, string> | undefined, string | undefined]>([
  [{}, [], undefined, undefined],
  [{ prefix: 'photos/' }, [], {}, undefined],
  [{ prefix: 'videos/' }, [], {}, 'its keys begin with "videos/"'],
  [{ exclude: ['tmp/', '*.jpg'] }, [], {}, 'it excludes "*.jpg"'],
  [{ tags: { keep: 'yes' } }, [], { keep: 'yes' }, undefined],
  [{ tags: { keep: 'yes' } }, [], undefined, undefined],
  [{ tags: { keep: 'yes', a: 'b' } }, [], { a: 'b' }, 'it is for versions with tag keep=yes'],
  [{}, [{ prefix: 'photos/' }], {}, 'a rule of higher priority writes it there'],
  [{}, [{ prefix: 'videos/' }], {}, undefined],
])('%j, beside %j, for tags %j', (own, higher, tags, expected) => {
  const link = { filter: filter(own), yieldsTo: higher.map(filter) };

  expect(whyNot(link, 'photos/cat.jpg', tags)).toBe(expected);
});
