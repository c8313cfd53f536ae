/** Options that several commands share, read by one schema. */
import { z } from 'zod';
import { UsageError } from './io.ts';

export const sessionOptions = {
  file: z.array(z.string()).optional(),
  nats: z.string().optional(),
};

const noPort = 'must be a port: a whole number from 0 to 65535';
export const portNumber = z.coerce.number(noPort).int(noPort).min(0, noPort).max(65_535, noPort);

export const gatewayOptions = { listen: portNumber, host: z.string() };

/** Throws UsageError with a line for each option that is wrong. */
export function readOptions<Shape extends z.ZodRawShape>(shape: Shape, options: unknown) {
  const parsed = z.object(shape).safeParse(options);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`);
  throw new UsageError(lines.join('\n'));
}
