/**
 * Whether NATS is there. A request that is made while it is away waits for its return, a little; one that was under way
 * when it went fails at once. The client alone would let both run into their timeout, even when NATS is back at once:
 * it drops what it held when it reconnects.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node';

/** NATS did not come back in time, or went while a request was under way: whether that was done is not known. */
export class NatsAwayError extends Error {
  override readonly name = 'NatsAwayError';
}

export interface Presence {
  /** Calls `listener` when the connection is lost, at once if it is, and again each time; returns what ends that. */
  onLoss(listener: () => void): () => void;
}

/** Binds every request of the connection, JetStream's and those of its KV buckets too, to its presence. */
export function bindToPresence(connection: NatsConnection, waitMs: number): Presence {
  // Sets, not a promise that all race with: it would hold on to each of them until it is settled.
  const losses = new Set<() => void>();
  const underWay = new Set<(reason: Error) => void>();
  const waiting = new Set<() => void>();
  let isAway = false;

  async function watch(): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' && !isAway) {
        isAway = true;
        const reason = new NatsAwayError('the connection to NATS was lost');
        for (const reject of underWay) reject(reason);
        for (const listener of losses) listener();
      } else if (type === 'reconnect' || type === 'close') {
        isAway = false;
        for (const goOn of waiting) goOn();
      }
    }
  }

  async function returned(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () =>
      reject(new NatsAwayError(`NATS is away, and did not return within ${waitMs / 1000} s`));
    const timer = setTimeout(giveUp, waitMs);
    waiting.add(resolve);
    await promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(resolve);
    });
  }

  const send = connection.request.bind(connection);
  connection.request = async (...request) => {
    if (isAway) await returned();
    const answer = send(...request);
    const { promise, resolve, reject } = Promise.withResolvers<Msg>();
    underWay.add(reject);
    answer.then(resolve, reject).finally(() => underWay.delete(reject));
    return promise;
  };
  // It ends when the connection is closed, and has no error of its own.
  watch().catch(() => undefined);
  return {
    onLoss(listener) {
      losses.add(listener);
      if (isAway) listener();
      return () => losses.delete(listener);
    },
  };
}
