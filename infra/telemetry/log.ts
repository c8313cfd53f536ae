/** Structured logs on stderr: stdout belongs to what a command prints. */
import { type Logger, pino } from 'pino';
import { messageOf } from '../../functions/errors.ts';
import type { Settings } from '../config/settings.ts';

export type { Logger };

/** Fields that could ever hold a secret; Secret redacts itself, this is for what libraries hand over. */
const redacted = ['*.password', '*.secretAccessKey', '*.authorization', '*.token', '*.pass'];

/** Of an error its words alone: what libraries hang on theirs (requests with their headers, sockets) stays out of the log. */
const err = (error: unknown): object =>
  error instanceof Error
    ? { type: error.name, message: error.message, stack: error.stack }
    : { message: messageOf(error) };

export const createLogger = (level: Settings['logLevel']): Logger =>
  pino(
    {
      level,
      base: null,
      redact: redacted,
      serializers: { err },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: true }),
  );
