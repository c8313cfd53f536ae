import { expect, test } from 'vitest';
import type { DataOf } from '../../../../events/catalogue.ts';
import { type Draft, encodeEvent, makeEvent } from '../../../../events/cloudevent.ts';
import { packed } from '../../../../functions/replication/packing.ts';
import { links } from '../../../e2e/rules.ts';

const [link] = links({ name: 'r', sites: ['east', 'west'], bucket: 'photos', direction: 'one-way' });
if (!link) throw new Error('the rule makes no link');
const largestEntry = 1024 * 1024;
const limits = { largestEntry, largestStack: 32 * largestEntry };

const due = (data: Partial<DataOf<'dev.causeway.version.due.v1'>> = {}): Draft => ({
  type: 'dev.causeway.version.due.v1',
  data: {
    link: link.id,
    bucket: 'photos',
    key: 'k',
    versionId: 'v',
    size: 1,
    reason: 'missing',
    round: 0,
    ...data,
  },
});
const many = (count: number, data: (index: number) => Parameters<typeof due>[0]): Draft[] =>
  Array.from({ length: count }, (_, index) => due(data(index)));
const counts = (drafts: readonly Draft[]): number[] =>
  packed(link, drafts, limits).map(({ data }) => ('versions' in data ? data.versions.length : 1));

test('a few go one by one, many together, at most 500', () => {
  expect(counts(many(3, () => ({})))).toEqual([1, 1, 1]);
  expect(counts(many(1100, () => ({})))).toEqual([500, 500, 100]);
});

test('all are named once, in their order; what is large or no missing version goes by itself', () => {
  const small = many(20, (index) => ({ key: `k${index}` }));
  const others = [due({ key: 'large', size: largestEntry + 1 }), due({ key: 'other', reason: 'differs' })];
  const [together, ...single] = packed(link, [...others, ...small], limits);

  const keys = together && 'versions' in together.data ? together.data.versions.map(({ key }) => key) : [];
  expect(keys).toEqual(small.map(({ data }) => 'key' in data && data.key));
  expect(single).toEqual(others);
});

test('what they hold is one stack at most', () => {
  expect(counts(many(64, () => ({ size: largestEntry })))).toEqual([32, 32]);
});

test('their event fits into a message, whatever the keys are', () => {
  const key = '\u0001'.repeat(1000);
  const events = packed(
    link,
    many(500, () => ({ key })),
    limits,
  ).map((draft) => encodeEvent(makeEvent(draft, { id: 'i', source: 's', time: '2026-01-02T03:04:05Z' })));

  expect(Math.max(...events.map(({ length }) => length))).toBeLessThan(600 * 1024);
  expect(events.length).toBeLessThan(10);
});
