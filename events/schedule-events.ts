/** The clock, as events. */
import { z } from 'zod';

/** The next slice of the walk over a link's bucket is due. */
export const scanDueSchema = z.object({
  link: z.string().min(1),
  /** The interval this slice belongs to: RFC 3339. */
  slot: z.string(),
});
