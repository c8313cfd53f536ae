/**
 * What a function answers to a batch of events: one CloudEvent that says, by its id, what became of each. It answers a
 * request and is never published, so the catalogue has no entry for it.
 */
import { z } from 'zod';
import { identify } from './identity.ts';

/** CloudEvents 1.0, JSON event format, section 4: an array of events. */
export const batchContentType = 'application/cloudevents-batch+json';
export const outcomesType = 'dev.causeway.batch.outcomes.v1';

const afterMs = z.number().nonnegative();
const reason = z.string();
const becameSchema = z.discriminatedUnion('outcome', [
  /** Dealt with: what follows from it is on the stream, or the ledger or the dead letters have it. */
  z.object({ outcome: z.literal('done') }),
  /** Its own try failed: one of its tries is spent. */
  z.object({ outcome: z.literal('retry'), afterMs, reason }),
  /** A whole site does not answer. */
  z.object({ outcome: z.literal('unavailable'), site: z.string().min(1), afterMs, reason }),
  /** Nothing of it could be made to hold, through no fault of its own. */
  z.object({ outcome: z.literal('again'), afterMs, reason }),
]);
/** What became of one event; whatever is not done is for its sender to bring again. */
export type Became = z.infer<typeof becameSchema>;

const outcomeSchema = z.object({ id: z.string().min(1) }).and(becameSchema);
export type BatchOutcome = z.infer<typeof outcomeSchema>;

const answerSchema = z.object({
  specversion: z.literal('1.0'),
  type: z.literal(outcomesType),
  data: z.object({ outcomes: z.array(outcomeSchema) }),
});

export const outcomesEvent = (outcomes: readonly BatchOutcome[], functionName: string, now: number) => ({
  specversion: '1.0',
  id: identify(outcomesType, String(now), ...outcomes.map(({ id }) => id)),
  type: outcomesType,
  source: `causeway:${functionName}`,
  time: new Date(now).toISOString(),
  datacontenttype: 'application/json',
  data: { outcomes },
});

/** By id; undefined for a text that is no such answer. Of an id that is listed twice, what is not done counts. */
export function readOutcomes(text: string): ReadonlyMap<string, Became> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const answer = answerSchema.safeParse(value);
  if (!answer.success) return undefined;
  const byId = new Map<string, Became>();
  for (const { id, ...became } of answer.data.data.outcomes) {
    const known = byId.get(id);
    if (known === undefined || known.outcome === 'done') byId.set(id, became);
  }
  return byId;
}
