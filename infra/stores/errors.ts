/**
 * What a site's refusals and network failures mean, by what is to be done about them. Codes: the S3 API's list of
 * error responses, and MinIO's cmd/api-errors.go.
 */
import { RefusedError, RetryableError, SiteUnavailableError, TerminalError } from '../../functions/errors.ts';

export interface Refusal {
  readonly site: string;
  /** What was asked, for the message: `PUT photos/a.jpg`. */
  readonly doing: string;
  readonly status: number;
  /** The S3 error code; empty where the answer had none. */
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}

/** The object itself is what the store cannot take: no retry helps. */
const hopeless = new Set([
  'EntityTooLarge',
  'InvalidObjectName',
  'InvalidStorageClass',
  'InvalidTag',
  'InvalidURI',
  'KeyTooLongError',
  'MaxVersionsExceeded',
  'MetadataTooLarge',
  'XMinioInvalidObjectName',
  'XMinioInvalidResourceName',
]);

/** Configuration that an operator has to change. */
const misconfigured = new Set([
  'AccessDenied',
  'AccountProblem',
  'AllAccessDisabled',
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'IllegalLocationConstraintException',
  'InvalidAccessKeyId',
  'InvalidBucketName',
  'InvalidRegion',
  'InvalidToken',
  'NoSuchBucket',
  'NotSignedUp',
  'PermanentRedirect',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'XMinioAdminBucketQuotaExceeded',
  'XMinioInsecureClientRequest',
]);

/** Same code as other things, told apart by MinIO's words. */
const misconfiguredMessage = /versioning not enabled|missing ObjectLockConfiguration|KMS is not configured/i;
const hopelessMessage = /WORM protected|Invalid version id|metadata headers are not supported/i;
const clientKey = /form of Server Side Encryption/;

const busy = new Set([
  'RequestTimeout',
  'ServerBusy',
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'TooManyRequests',
]);
const starting = new Set([
  'XMinioBackendDown',
  'XMinioBucketMetadataNotInitialized',
  'XMinioIAMNotInitialized',
  'XMinioServerNotInitialized',
]);

// MinIO says Retry-After: 60 to everything; live replication does not wait so long for a moment's pressure.
const LONGEST_BUSY_MS = 5_000;
const STORAGE_FULL_MS = 30_000;

/** The error for an answer that was not the wanted one. */
export function refused(refusal: Refusal): Error {
  const { site, doing, status, code, retryAfterMs } = refusal;
  const message = `${doing}: ${code || `HTTP ${status}`}${refusal.message ? ` (${refusal.message})` : ''}`;
  if (clientKey.test(refusal.message))
    return new TerminalError(
      `site ${site}: ${doing}: encrypted with a key that only its writer has (SSE-C), so it cannot be read`,
    );
  if (starting.has(code)) return new SiteUnavailableError(site, message);
  if (busy.has(code) || status === 429)
    return new RetryableError(`site ${site} is busy: ${message}`, {
      afterMs: Math.min(retryAfterMs ?? 1_000, LONGEST_BUSY_MS),
    });
  if (status === 507 || code === 'XMinioStorageFull')
    return new RetryableError(`site ${site} has no space left: ${message}`, { afterMs: STORAGE_FULL_MS });
  if (status === 502 || status === 503 || status === 504) return new SiteUnavailableError(site, message);
  if (misconfigured.has(code) || misconfiguredMessage.test(refusal.message))
    return new RefusedError(site, code, message);
  if (hopeless.has(code) || hopelessMessage.test(refusal.message))
    return new TerminalError(`site ${site}: ${message}`);
  if (status === 401 || status === 403 || (status >= 300 && status < 400))
    return new RefusedError(site, code || `HTTP ${status}`, message);
  return new RetryableError(`site ${site}: ${message}`);
}

const unreachable = new Set([
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPROTO',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const certificate = /CERT|SELF_SIGNED|LEAF_SIGNATURE|ERR_TLS|ERR_SSL/;

/** A failure that says that no connection can be made, rather than that one broke. */
export function isUnreachable(error: Error): boolean {
  const code = codeOf(error);
  return unreachable.has(code) || certificate.test(code);
}

/** A network failure in a few words. */
export function networkWords(error: Error): string {
  const code = codeOf(error);
  if (certificate.test(code)) return `its TLS certificate is not accepted (${code})`;
  return code && !error.message.includes(code) ? `${error.message || code} (${code})` : error.message || code;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
