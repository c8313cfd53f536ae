/**
 * Whether NATS is there. A request that is made while it is away waits for its return; one that was under way when it
 * went fails at once. The client alone would let both run into their timeout: it drops what it held when it reconnects.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node';

/** NATS did not come back in time, or went while a request was under way: whether that was done is not known. */
export class NatsAwayError extends Error {
  override readonly name = 'NatsAwayError';
}

export interface Presence {
  /** Calls `listener` each time the connection is lost; returns what ends that. */
  onLoss(listener: () => void): () => void;
}

/** Binds every request of the connection, JetStream's and those of its KV buckets too, to its presence. */
export function bindToPresence(connection: NatsConnection, waitMs: number): Presence {
  const losses = new Set<() => void>();
  // Not one promise that all requests race with: it would hold on to each of them until the connection is lost.
  const underWay = new Set<(reason: Error) => void>();
  let away: PromiseWithResolvers<void> | undefined;

  async function watch(): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') {
        away ??= Promise.withResolvers();
        const reason = new NatsAwayError('the connection to NATS was lost');
        for (const reject of underWay) reject(reason);
        for (const listener of losses) listener();
      } else if (type === 'reconnect' || type === 'close') {
        away?.resolve();
        away = undefined;
      }
    }
  }

  async function returned(): Promise<void> {
    while (away) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => late.reject(new NatsAwayError(`NATS is away for ${waitMs / 1000} s`)),
        waitMs,
      );
      await Promise.race([away.promise, late.promise]).finally(() => clearTimeout(timer));
    }
  }

  const send = connection.request.bind(connection);
  connection.request = async (...request) => {
    if (away) await returned();
    const { promise, resolve, reject } = Promise.withResolvers<Msg>();
    underWay.add(reject);
    send(...request)
      .then(resolve, reject)
      .finally(() => underWay.delete(reject));
    return promise;
  };
  // It ends when the connection is closed, and has no error of its own.
  watch().catch(() => undefined);
  return {
    onLoss(listener) {
      losses.add(listener);
      return () => losses.delete(listener);
    },
  };
}
