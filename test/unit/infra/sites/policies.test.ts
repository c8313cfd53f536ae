/** The policies: no more than the role needs. What the servers make of them is in test/contract/servers.test.ts. */
import { expect, test } from 'vitest';
import {
  type PolicyDocument,
  sourcePolicy,
  targetPolicy,
  twoWayPolicy,
} from '../../../../infra/sites/policies.ts';

const actions = ({ Statement }: PolicyDocument) => Statement.flatMap((statement) => statement.Action);

test('a source can be read and not written', () => {
  const allowed = actions(sourcePolicy(['photos']));

  expect(allowed).toContain('s3:GetObjectVersionTagging');
  expect(allowed.filter((action) => !/^s3:(Get|List)/.test(action))).toEqual([]);
});

test('a target and a two-way site take replicas', () => {
  for (const policy of [targetPolicy, twoWayPolicy]) {
    expect(actions(policy(['photos']))).toEqual(
      expect.arrayContaining(['s3:PutObject', 's3:ReplicateObject', 's3:DeleteObject', 's3:ReplicateDelete']),
    );
  }
});

test('nothing is allowed on other buckets but to see that they are there', () => {
  const { Statement } = twoWayPolicy(['photos', 'mail']);

  expect(Statement.map(({ Resource }) => Resource)).toEqual([
    ['arn:aws:s3:::*'],
    ['arn:aws:s3:::photos', 'arn:aws:s3:::mail'],
    ['arn:aws:s3:::photos/*', 'arn:aws:s3:::mail/*'],
  ]);
  expect(Statement[0]?.Action).toEqual(['s3:ListAllMyBuckets']);
});

test('no action is a wildcard and none is named twice', () => {
  const allowed = actions(twoWayPolicy(['photos']));

  expect(allowed.filter((action) => action.includes('*'))).toEqual([]);
  expect(new Set(allowed).size).toBe(allowed.length);
});
