/** What doctor says: one finding of one check, and what to do about it. */

export interface Check {
  /** Null for what belongs to no site: the documents, NATS. */
  readonly site: string | null;
  readonly check: CheckName;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** The exact command, setting or policy; may have several lines. */
  readonly fix?: string | undefined;
}

export type CheckName =
  | 'documents'
  | 'nats'
  | 'reachable'
  | 'dialect'
  | 'clock'
  | 'credentials'
  | 'bucket'
  | 'permissions'
  | 'events'
  | 'receivers';

/** Checks of one site, or of none. */
export interface Report {
  ok(check: CheckName, message: string): Check;
  warning(check: CheckName, message: string, fix?: string): Check;
  failed(check: CheckName, message: string, fix?: string): Check;
}

export const reportFor = (site: string | null): Report => ({
  ok: (check, message) => ({ site, check, status: 'ok', message }),
  warning: (check, message, fix) => ({ site, check, status: 'warning', message, fix }),
  failed: (check, message, fix) => ({ site, check, status: 'failed', message, fix }),
});
