/** A connection to a NATS that may come up later: it is tried until it stands, and then lasts until it is closed. */
import { messageOf } from '../../functions/errors.ts';
import type { Clock } from '../../functions/ports.ts';
import type { NatsServers } from '../config/nats-url.ts';
import { pause, unlessAborted } from '../host/pause.ts';
import { type Bus, connectBus } from './connection.ts';
import { watchConnection } from './upkeep.ts';

export interface LastingBus {
  /** Undefined until the first connection. */
  readonly bus: Bus | undefined;
  /** Resolves at the first connection; rejects when the signal aborts before. */
  connected(signal: AbortSignal): Promise<Bus>;
  /** Why nothing can be asked of it now; undefined when all is well. */
  trouble(): string | undefined;
  close(): Promise<void>;
}

const againAfterMs = 1000;

/** `onTrouble` is told once a reason, and undefined when it is over. */
export function keepConnecting(
  access: NatsServers,
  clock: Clock,
  onTrouble: (reason: string | undefined) => void,
): LastingBus {
  const closing = new AbortController();
  const first = Promise.withResolvers<Bus>();
  // Nobody may be waiting.
  first.promise.catch(() => undefined);
  let bus: Bus | undefined;
  let trouble = (): string | undefined => 'NATS was not reached yet';

  async function connect(): Promise<void> {
    let told: string | undefined;
    while (!closing.signal.aborted) {
      try {
        const made = await connectBus(access);
        trouble = watchConnection(made.connection, (isAway) =>
          onTrouble(isAway ? 'NATS is away' : undefined),
        );
        bus = made;
        first.resolve(made);
        if (told !== undefined) onTrouble(undefined);
        return;
      } catch (error) {
        const reason = `cannot use NATS at ${access.servers.join(', ')}: ${messageOf(error)}`;
        trouble = () => reason;
        if (reason !== told) onTrouble(reason);
        told = reason;
        await pause(clock, againAfterMs, closing.signal);
      }
    }
  }

  const connecting = connect();
  return {
    get bus() {
      return bus;
    },
    connected: (signal) => unlessAborted(first.promise, signal),
    trouble: () => trouble(),
    async close() {
      closing.abort();
      first.reject(new Error('closed'));
      await connecting;
      await bus?.close();
    },
  };
}
