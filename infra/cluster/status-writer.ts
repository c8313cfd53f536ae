/**
 * Writes what is found of an object into its status: only what differs from what is there, news at once, figures at a
 * low rate. It does not matter how often it is called.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Clock } from '../../functions/ports.ts';
import { conditionSchema } from '../config/resource-status.ts';
import type { ClusterObject } from './cluster-object.ts';
import { conditionsOf, type Verdict } from './conditions.ts';
import type { ObjectWriter } from './object-writer.ts';

export interface Found {
  readonly verdicts: readonly Verdict[];
  /** The other fields of the status; a field that is undefined is not there. */
  readonly figures?: Readonly<Record<string, unknown>> | undefined;
}

export interface StatusWriter {
  /** Resolves to milliseconds after which it is to be written again; undefined when the status says what was found. */
  write(object: ClusterObject, found: Found): Promise<number | undefined>;
  forget(uid: string): void;
}

export interface StatusWriterOptions {
  readonly writer: Pick<ObjectWriter, 'setStatus'>;
  readonly clock: Clock;
  /** Told once it is written that Ready is another, or for another reason. */
  onNews?(object: ClusterObject, ready: Verdict): Promise<void>;
  /** Between two writes of one object that have news. */
  readonly newsEveryMs?: number;
  /** Between two writes of one object that have other figures, or other words, only. */
  readonly figuresEveryMs?: number;
}

export const conditionsSchema = z.array(conditionSchema).catch([]);

/** What makes a status news. */
const newsOf = (status: Readonly<Record<string, unknown>>): unknown =>
  conditionsSchema
    .parse(status.conditions)
    .map((condition) => [condition.type, condition.status, condition.reason, condition.observedGeneration]);

const isSaid = ({ type, status, reason }: Verdict, before: Readonly<Record<string, unknown>>): boolean =>
  conditionsSchema
    .parse(before.conditions)
    .some(
      (condition) => condition.type === type && condition.status === status && condition.reason === reason,
    );

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { writer, clock, newsEveryMs = 1_000, figuresEveryMs = 30_000 } = options;
  const written = new Map<string, number>();

  return {
    async write(object, { verdicts, figures = {} }) {
      const { uid, generation } = object.metadata;
      const now = clock.now();
      const before = object.status;
      const conditions = conditionsOf(verdicts, conditionsSchema.parse(before.conditions), {
        generation,
        now,
      });
      const present = Object.entries(figures).filter(([, value]) => value !== undefined);
      const status = { observedGeneration: generation, conditions, ...Object.fromEntries(present) };
      if (isDeepStrictEqual(status, before)) return undefined;
      const everyMs = isDeepStrictEqual(newsOf(status), newsOf(before)) ? figuresEveryMs : newsEveryMs;
      const waitMs = (written.get(uid) ?? Number.NEGATIVE_INFINITY) + everyMs - now;
      if (waitMs > 0) return waitMs;
      written.set(uid, now);
      await writer.setStatus(object, status);
      const ready = verdicts.find(({ type }) => type === 'Ready');
      if (ready && !isSaid(ready, before)) await options.onNews?.(object, ready);
      return undefined;
    },
    forget: (uid) => void written.delete(uid),
  };
}
