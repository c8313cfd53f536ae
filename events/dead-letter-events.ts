/** An event that no retry can help: kept with its reason until somebody replays it. */
import { z } from 'zod';

export const deadLetterSchema = z.object({
  /** Absent where the message never became an event of a link. */
  link: z.string().optional(),
  function: z.string().optional(),
  reason: z.string(),
  attempts: z.number().int().nonnegative(),
  /** The event as it came, in structured JSON; what was malformed, as text (bounded). */
  event: z.string(),
});
