/**
 * What became of an event → the answer to the request that brought it. 202: it is dealt with, or its ledger or the dead
 * letters have it. 503: nothing of it is kept here, and the sender must send it again.
 */
import type { Became } from '../../events/batch-outcomes.ts';
import { catalogue } from '../../events/catalogue.ts';
import type { CausewayEvent } from '../../events/cloudevent.ts';
import { messageOf } from '../../functions/errors.ts';
import type { HttpAnswer } from './http-server.ts';
import type { Result } from './invoke.ts';
import type { HeldMessage } from './ports.ts';
import { type Settlement, settle } from './settle.ts';

export interface HttpSettlement extends Settlement {
  /**
   * Who tries again: the sender, as long as the ledger would not be asked to; or at once the ledger, where the sender
   * gives up after a few tries (a Broker), or would repeat what other links have done already.
   */
  readonly retries: 'sender' | 'ledger';
}

export interface Brought {
  readonly link: string;
  readonly event: CausewayEvent;
  readonly attempts: number;
  readonly body: Uint8Array;
}

export const accepted: HttpAnswer = { status: 202 };

/**
 * Whose failure a 503 tells of: the event's own try (`event`), or a whole site (`site:<name>`). Without it nobody has
 * tried: the function is not ready, or something on the way answers in its place.
 */
export const failedHeader = 'causeway-failed';

export const sendAgain = (afterMs: number, reason: string, failed?: string): HttpAnswer => ({
  status: 503,
  headers: {
    'retry-after': String(Math.max(1, Math.ceil(afterMs / 1000))),
    ...(failed === undefined ? {} : { [failedHeader]: failed }),
  },
  body: `${reason}\n`,
});

/** To a request that brought one event. */
export function answerOf(became: Became): HttpAnswer {
  switch (became.outcome) {
    case 'done':
      return accepted;
    case 'retry':
      return sendAgain(became.afterMs, became.reason, 'event');
    case 'unavailable':
      return sendAgain(became.afterMs, became.reason, `site:${became.site}`);
    case 'again':
      return sendAgain(became.afterMs, became.reason);
  }
}

/** Waits between tries of what could not be made to hold, and looks at a site that is away. */
const soonMs = 1000;
export const dealtWith: Became = { outcome: 'done' };
export const again = (reason: string, afterMs = soonMs): Undone => ({ outcome: 'again', afterMs, reason });

type Undone = Exclude<Became, { outcome: 'done' }>;

export async function settleOverHttp(to: HttpSettlement, brought: Brought, result: Result): Promise<Became> {
  if (result.kind === 'unavailable') {
    const { site, reason } = result;
    return undone(to, brought, { outcome: 'unavailable', site, reason, afterMs: soonMs }, 0);
  }
  if (result.kind === 'retry' && to.retries === 'ledger') {
    const { afterMs, reason } = result;
    return undone(to, brought, { outcome: 'retry', afterMs, reason }, 1);
  }
  let became = dealtWith;
  const { link, event, attempts, body } = brought;
  const message: HeldMessage = {
    body,
    attempts,
    sequence: 0,
    stored: to.clock.now(),
    ack: () => Promise.resolve(),
    nak: (afterMs) => {
      became = {
        outcome: 'retry',
        afterMs,
        reason: result.kind === 'retry' ? result.reason : 'send it again',
      };
    },
    working: () => undefined,
  };
  try {
    await settle(to, link, message, event, result);
    return became;
  } catch (error) {
    // What it emitted is nowhere: it must be done again.
    return undone(to, brought, again(messageOf(error)), 0);
  }
}

async function undone(
  { retries, ledger, clock }: HttpSettlement,
  { link, event, attempts }: Brought,
  told: Undone,
  spent: 0 | 1,
): Promise<Became> {
  if (retries === 'sender') return told;
  // The next interval brings the same work again.
  if (catalogue[event.type].subject === 'schedule') return dealtWith;
  const { afterMs, reason } = told;
  const nextTry = clock.now() + afterMs;
  try {
    await ledger.put({ link, event, reason, attempts: attempts + spent, nextTry, state: 'failed' });
    return dealtWith;
  } catch (error) {
    return again(messageOf(error), afterMs);
  }
}
