/** Structured logs on stderr: stdout belongs to what a command prints. */
import { type Logger, pino } from 'pino';
import type { Settings } from '../config/settings.ts';

export type { Logger };

/** Fields that could ever hold a secret; Secret redacts itself, this is for what libraries hand over. */
const redacted = ['*.password', '*.secretAccessKey', '*.authorization', '*.token', '*.pass'];

export const createLogger = (level: Settings['logLevel']): Logger =>
  pino(
    { level, base: null, redact: redacted, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
