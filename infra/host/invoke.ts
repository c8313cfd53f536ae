/** Calls the function an event is for, and turns whatever it throws into a value. Both hosts call functions here. */
import type { EventType } from '../../events/catalogue.ts';
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { FunctionDefinition, Outcome } from '../../functions/define.ts';
import { messageOf, RetryableError, SiteUnavailableError, TerminalError } from '../../functions/errors.ts';
import type { LinkContext } from '../../functions/ports.ts';

/** What a host has to act on: an outcome, or the news that a whole site does not answer. */
export type Result = (
  | Outcome
  | { readonly kind: 'unavailable'; readonly site: string; readonly reason: string }
) & {
  readonly function: string;
};

export type Route = (type: EventType) => FunctionDefinition | undefined;

export function route(functions: readonly FunctionDefinition[]): Route {
  const byType = new Map(functions.flatMap((definition) => definition.on.map((type) => [type, definition])));
  return (type) => byType.get(type);
}

/** Waits between tries: exponential from a second, half of it by chance. */
export function backoff(attempts: number, random: () => number, longestMs = 600_000): number {
  const full = Math.min(longestMs, 1000 * 2 ** Math.min(attempts, 20));
  return Math.round(full / 2 + (full / 2) * random());
}

/** Told apart by how often each was tried, for the waits. */
export interface Turn {
  readonly attempts: number;
  readonly random: () => number;
}

export const invoke = (
  bound: FunctionDefinition,
  event: CausewayEvent,
  context: LinkContext,
  turn: Turn,
): Promise<Result> => resultOfWork(bound, () => bound.handle(event, context), turn);

/** What became of work that a function does, whatever it throws. */
export async function resultOfWork(
  bound: FunctionDefinition,
  work: () => Promise<Outcome>,
  { attempts, random }: Turn,
): Promise<Result> {
  try {
    return { ...(await work()), function: bound.name };
  } catch (error) {
    return { ...resultOf(error, attempts, random), function: bound.name };
  }
}

function resultOf(
  error: unknown,
  attempts: number,
  random: () => number,
): Outcome | Omit<Extract<Result, { kind: 'unavailable' }>, 'function'> {
  if (error instanceof TerminalError) return { kind: 'park', reason: error.message };
  if (error instanceof SiteUnavailableError)
    return { kind: 'unavailable', site: error.site, reason: error.message };
  const told = error instanceof RetryableError ? error.afterMs : undefined;
  const afterMs = Math.max(told ?? 0, backoff(attempts, random));
  return { kind: 'retry', afterMs, reason: messageOf(error) };
}
