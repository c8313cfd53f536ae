import { describe, expect, test } from 'vitest';
import { policyOf } from '../../../../infra/doctor/account-policy.ts';
import { targetPolicy } from '../../../../infra/sites/policies.ts';

const policy = (...statements: readonly object[]) =>
  policyOf({ AccountName: 'me', Policy: { Version: '2012-10-17', Statement: statements } });
const allow = { Effect: 'Allow', Action: ['s3:*'], Resource: ['arn:aws:s3:::photos/*'] };

describe('a policy', () => {
  test.each<[string, object[], boolean]>([
    ['allows what it names', [allow], true],
    ['allows nothing else', [{ ...allow, Resource: 'arn:aws:s3:::other/*' }], false],
    ['may name one action as text', [{ ...allow, Action: 's3:GetObject' }], true],
    ['may have patterns', [{ ...allow, Action: 's3:Get?bject', Resource: '*' }], true],
    ['has no other patterns', [{ ...allow, Action: 's3:Get.bject' }], false],
    ['may name what it is not about', [{ Effect: 'Allow', NotAction: 's3:Put*', Resource: '*' }], true],
    ['is about nothing without actions', [{ Effect: 'Allow', Resource: '*' }], false],
    ['denies over everything', [allow, { ...allow, Effect: 'Deny', Action: 's3:GetObject' }], false],
    ['denies for some others only', [allow, { Effect: 'Deny', NotAction: 's3:Get*', Resource: '*' }], true],
    [
      'denies on a condition that may not hold',
      [allow, { ...allow, Effect: 'Deny', Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.1' } } }],
      true,
    ],
  ])('%s', (_, statements, expected) => {
    expect(policy(...statements)?.allows('s3:GetObject', 'photos/key')).toBe(expected);
  });

  test('that Causeway asks for gives all it needs, in its buckets only', () => {
    const own = policyOf({ Policy: targetPolicy(['photos']) });

    expect(own?.allows('s3:DeleteObjectTagging', 'photos/key')).toBe(true);
    expect(own?.allows('s3:GetBucketVersioning', 'photos')).toBe(true);
    expect(own?.allows('s3:DeleteObjectTagging', 'other/key')).toBe(false);
    expect(own?.allows('s3:DeleteBucket', 'photos')).toBe(false);
  });
});

test.each([[undefined], [{}], [{ Policy: 'x' }], [{ Policy: { Statement: [{ Effect: 'Maybe' }] } }]])(
  'of %j nothing is known',
  (account) => {
    expect(policyOf(account)).toBeUndefined();
  },
);
