/** What is to be done about each refusal. */
import { expect, test } from 'vitest';
import { refused } from '../../../../infra/stores/errors.ts';

const cases: readonly (readonly [status: number, code: string, message: string, kind: string])[] = [
  [403, 'AccessDenied', 'Access Denied.', 'RefusedError'],
  [403, 'SignatureDoesNotMatch', '', 'RefusedError'],
  [403, 'InvalidAccessKeyId', '', 'RefusedError'],
  [403, 'RequestTimeTooSkewed', '', 'RefusedError'],
  [403, '', '', 'RefusedError'],
  [301, 'PermanentRedirect', '', 'RefusedError'],
  [307, '', '', 'RefusedError'],
  [404, 'NoSuchBucket', '', 'RefusedError'],
  [400, 'InvalidArgument', 'VersionID specified , but versioning not enabled on bucket=b', 'RefusedError'],
  [400, 'InvalidRequest', 'Bucket is missing ObjectLockConfiguration', 'RefusedError'],
  [400, 'XMinioAdminBucketQuotaExceeded', '', 'RefusedError'],
  [400, 'XMinioInvalidObjectName', '', 'TerminalError'],
  [400, 'KeyTooLongError', '', 'TerminalError'],
  [400, 'EntityTooLarge', '', 'TerminalError'],
  [400, 'MetadataTooLarge', '', 'TerminalError'],
  [400, 'InvalidArgument', 'Invalid version id specified', 'TerminalError'],
  [400, 'InvalidRequest', 'Object is WORM protected and cannot be overwritten', 'TerminalError'],
  [503, 'XMinioServerNotInitialized', '', 'SiteUnavailableError'],
  [503, 'XMinioIAMNotInitialized', '', 'SiteUnavailableError'],
  [502, '', '', 'SiteUnavailableError'],
  [503, '', '', 'SiteUnavailableError'],
  [504, '', '', 'SiteUnavailableError'],
  [503, 'SlowDown', '', 'RetryableError'],
  [503, 'SlowDownWrite', '', 'RetryableError'],
  [429, '', '', 'RetryableError'],
  [507, 'XMinioStorageFull', '', 'RetryableError'],
  [500, 'InternalError', '', 'RetryableError'],
  [400, 'BadDigest', '', 'RetryableError'],
  [400, 'SomethingNew', 'never seen', 'RetryableError'],
];

test.for(cases)('%i %s (%s) is a %s', ([status, code, message, kind]) => {
  const error = refused({ site: 'paris', doing: 'PUT photos/a', status, code, message });

  expect(error.name).toBe(kind);
  expect(error.message).toContain('PUT photos/a');
  expect(error.message).toContain('paris');
});

test('a busy site says when to come back, within reason', () => {
  const busy = (retryAfterMs?: number) =>
    refused({ site: 'p', doing: 'x', status: 503, code: 'SlowDown', message: '', retryAfterMs });

  expect(busy()).toMatchObject({ afterMs: 1_000 });
  expect(busy(2_000)).toMatchObject({ afterMs: 2_000 });
  expect(busy(60_000)).toMatchObject({ afterMs: 5_000 });
});

test('what only its writer can decrypt is said to be so', () => {
  const message =
    'The object was stored using a form of Server Side Encryption. The correct parameters must be provided';
  const error = refused({ site: 'p', doing: 'GET b/k', status: 400, code: 'InvalidRequest', message });

  expect(error.name).toBe('TerminalError');
  expect(error.message).toContain('SSE-C');
});
