/** A document is looked at when something changes that has to do with it, and not with everything in its namespace. */
import { expect, test } from 'vitest';
import { concerns } from '../../../../../infra/cluster/volumes/concerns.ts';
import { label } from '../../../../../infra/cluster/volumes/names.ts';

const spec = { source: { claim: 'orders' }, destination: { claim: 'orders-copy' } };
const concerned = (changed: Parameters<typeof concerns>[0], of: unknown = spec) =>
  concerns(changed, { name: 'nightly', spec: of });

test.each([
  ['what was made for it', { name: 'ship-x', labels: { [label.replication]: 'nightly' } }, true],
  ['what was made for another', { name: 'ship-x', labels: { [label.replication]: 'other' } }, false],
  ['its claim', { name: 'orders', labels: {} }, true],
  ['the claim that it fills', { name: 'orders-copy', labels: {} }, true],
  [
    'the claim that another document fills, where it is its own',
    { name: 'orders', labels: { [label.replication]: 'other' } },
    true,
  ],
  ['any other claim', { name: 'mail', labels: {} }, false],
  ['a snapshot of its claim', { name: 'by-hand', labels: {}, claim: 'orders' }, true],
  ['a snapshot of another claim', { name: 'by-hand', labels: {}, claim: 'mail' }, false],
])('%s', (_, changed, expected) => {
  expect(concerned(changed)).toBe(expected);
});

test('any claim may have the labels that a selector looks for, or have had them', () => {
  const selecting = { source: { selector: { matchLabels: { app: 'shop' } } }, destination: {} };

  expect(concerned({ name: 'mail', labels: {} }, selecting)).toBe(true);
});
