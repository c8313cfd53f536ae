/** Conditions in the Kubernetes manner: what holds, since when, for which generation, in one word and in a sentence. */
import type { z } from 'zod';
import type { conditionSchema } from '../config/resource-status.ts';

export type Condition = z.infer<typeof conditionSchema>;

/** What is found now; since when, the conditions before tell. */
export interface Verdict {
  readonly type: 'Ready' | 'Progressing' | 'Degraded';
  readonly status: Condition['status'];
  /** One word for programs: letters. */
  readonly reason: string;
  /** What somebody has to create or do, where something is missing. */
  readonly message: string;
}

const mostWords = 2000;

/** A condition that stays what it was keeps its time. */
export function conditionsOf(
  verdicts: readonly Verdict[],
  before: readonly Condition[],
  { generation, now }: { readonly generation: number; readonly now: number },
): Condition[] {
  return verdicts.map(({ type, status, reason, message }) => {
    const known = before.find((condition) => condition.type === type);
    const lastTransitionTime =
      known?.status === status ? known.lastTransitionTime : `${new Date(now).toISOString().slice(0, 19)}Z`;
    return {
      type,
      status,
      reason,
      message: message.slice(0, mostWords),
      lastTransitionTime,
      observedGeneration: generation,
    };
  });
}
