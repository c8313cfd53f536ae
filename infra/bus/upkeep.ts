/** Whether NATS is there at this moment, and its streams with it. */
import type { NatsConnection } from '@nats-io/transport-node';
import { messageOf } from '../../functions/errors.ts';
import type { Clock } from '../../functions/ports.ts';
import { pause } from '../host/pause.ts';
import type { Bus } from './connection.ts';
import { ensureStreams, type StreamSettings, type WantedStreams } from './streams.ts';

/** Says why nothing can be published now; undefined when all is well. `onChange` is told when it goes and returns. */
export function watchConnection(
  connection: NatsConnection,
  onChange: (isAway: boolean) => void = () => undefined,
): () => string | undefined {
  let isAway = false;
  const change = (next: boolean): void => {
    if (next !== isAway) onChange(next);
    isAway = next;
  };
  const watch = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') change(true);
      else if (type === 'reconnect') change(false);
    }
  };
  // It ends when the connection is closed.
  watch().catch(() => undefined);
  return () => (isAway || connection.isClosed() ? 'NATS is away' : undefined);
}

/** Makes again what is gone, each `everyMs` until the signal aborts. `onTrouble` is told why it cannot, once a reason. */
export async function keepStreams(
  bus: Bus,
  wanted: WantedStreams,
  {
    clock,
    everyMs,
    signal,
    streams,
    onTrouble = () => undefined,
    inTurn = (work) => work(),
  }: {
    readonly clock: Clock;
    readonly everyMs: number;
    readonly signal: AbortSignal;
    readonly streams?: StreamSettings | undefined;
    readonly onTrouble?: (reason: string) => void;
    /** For a process that changes what is wanted: never both at a time. */
    readonly inTurn?: (work: () => Promise<void>) => Promise<void>;
  },
): Promise<void> {
  let trouble: string | undefined;
  while (!signal.aborted) {
    await pause(clock, everyMs, signal);
    if (signal.aborted) return;
    try {
      await inTurn(() => ensureStreams(bus, wanted, streams));
      trouble = undefined;
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== trouble) onTrouble(reason);
      trouble = reason;
    }
  }
}
