/**
 * A link of limited bandwidth: a TCP relay on the loopback whose connections share one rate each way, as they would a
 * line. (Toxiproxy limits each connection by itself.) They take turns, so that none holds up the others.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRelay } from './relay.ts';

/** What a late timer may catch up with. */
const burstMs = 100;

export interface ShapedWire {
  /** host:port */
  readonly address: string;
  /** Bytes that passed, both ways together. */
  passed(): number;
  stop(): Promise<void>;
}

/** `upstream` is host:port; the rate holds for each way. */
export async function startShapedWire({
  upstream,
  bytesPerSecond,
}: {
  readonly upstream: string;
  readonly bytesPerSecond: number;
}): Promise<ShapedWire> {
  const { hostname, port } = new URL(`tcp://${upstream}`);
  const [there, back] = [sharedRate(bytesPerSecond), sharedRate(bytesPerSecond)];
  let bytes = 0;

  async function carry(from: Socket, to: Socket, rate: Rate): Promise<void> {
    for await (const chunk of from) {
      if (!Buffer.isBuffer(chunk)) continue;
      await rate(chunk.length);
      bytes += chunk.length;
      if (!to.write(chunk)) await once(to, 'drain');
    }
    to.end();
  }

  const { address, stop } = await startRelay({
    host: hostname,
    port: Number(port),
    join(near, far) {
      const end = (): void => {
        near.destroy();
        far.destroy();
      };
      carry(near, far, there).catch(end);
      carry(far, near, back).catch(end);
    },
  });
  return { address, passed: () => bytes, stop };
}

/** Resolves when so many bytes have had the time that they need. */
type Rate = (bytes: number) => Promise<void>;

function sharedRate(bytesPerSecond: number): Rate {
  /** When the line is free for the next. */
  let free = 0;
  return async (bytes) => {
    const now = performance.now();
    free = Math.max(free, now - burstMs) + (bytes * 1000) / bytesPerSecond;
    if (free > now) await sleep(free - now);
  };
}
