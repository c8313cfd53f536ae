/**
 * Failures, by what is to be done about them. A host maps them once: to ack, nak or dead letter (local host),
 * to 202 or 503 (HTTP host). Anything else that is thrown counts as retryable.
 */

/** Trying again may help; `afterMs` says when, where the other side told. */
export class RetryableError extends Error {
  override readonly name: string = 'RetryableError';
  readonly afterMs: number | undefined;
  constructor(message: string, options: { cause?: unknown; afterMs?: number } = {}) {
    super(message, { cause: options.cause });
    this.afterMs = options.afterMs;
  }
}

/** A whole site does not answer: its links pause, and the event spends no attempt while they do. */
export class SiteUnavailableError extends RetryableError {
  override readonly name = 'SiteUnavailableError';
  readonly site: string;
  constructor(site: string, message: string, options: { cause?: unknown } = {}) {
    super(`site ${site} does not answer: ${message}`, options);
    this.site = site;
  }
}

/** No retry can help; the event is kept as a dead letter with this message. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/**
 * A site refuses what its configuration must allow (credentials, permission, bucket, versioning). Retried,
 * slowly: the fix is an operator's, and nothing may be lost until then. `code` is the S3 error code.
 */
export class RefusedError extends RetryableError {
  override readonly name = 'RefusedError';
  readonly site: string;
  readonly code: string;
  constructor(site: string, code: string, message: string, options: { cause?: unknown } = {}) {
    super(`site ${site} refuses: ${message}`, { ...options, afterMs: 30_000 });
    this.site = site;
    this.code = code;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
