/**
 * The one place where what became of an event turns into what happens to its message. Whatever must be on the stream,
 * in the ledger or among the dead letters is there before the message is acknowledged.
 */
import { catalogue } from '../../events/catalogue.ts';
import { type CausewayEvent, type Draft, deriveEvent } from '../../events/cloudevent.ts';
import type { Clock } from '../../functions/ports.ts';
import type { Result } from './invoke.ts';
import type { DeadLetters, EventLog, HeldMessage, Ledger } from './ports.ts';

/** Failed tries, or a wait, beyond which a message is not held any longer: the ledger keeps the work. */
const attemptLimit = 3;
const longestHoldMs = 5_000;

export interface Settlement {
  readonly log: EventLog;
  readonly ledger: Ledger;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
}

/** Events that follow from `cause`, on their way to the stream. */
export function followers(drafts: readonly Draft[], cause: CausewayEvent, functionName: string, now: number) {
  const time = new Date(now).toISOString();
  return drafts.map((draft) => ({
    event: deriveEvent(draft, cause, { source: `causeway:${functionName}`, time }),
  }));
}

export async function settle(
  to: Settlement,
  link: string,
  message: HeldMessage,
  event: CausewayEvent,
  result: Exclude<Result, { kind: 'unavailable' }>,
): Promise<void> {
  switch (result.kind) {
    case 'done':
      if (result.emitted.length > 0) {
        await to.log.publish(followers(result.emitted, event, result.function, to.clock.now()));
      }
      return message.ack();
    case 'retry': {
      // The next interval brings the same work again.
      if (catalogue[event.type].subject === 'schedule') return message.ack();
      const attempts = message.attempts + 1;
      if (attempts < attemptLimit && result.afterMs <= longestHoldMs) return message.nak(result.afterMs);
      await to.ledger.put(
        entry(link, event, attempts, to.clock.now() + result.afterMs, result.reason, 'failed'),
      );
      return message.ack();
    }
    case 'later':
      await to.ledger.put(entry(link, event, 0, to.clock.now() + result.afterMs, result.reason, 'planned'));
      return message.ack();
    case 'park': {
      const { function: name, reason } = result;
      const attempts = message.attempts + 1;
      await to.deadLetters.add({ link, function: name, reason, attempts, body: message.body, cause: event });
      return message.ack();
    }
  }
}

const entry = (
  link: string,
  event: CausewayEvent,
  attempts: number,
  nextTry: number,
  reason: string,
  state: 'failed' | 'planned',
) => ({ link, event, attempts, nextTry, reason, state });
