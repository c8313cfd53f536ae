/** A wire that can be cut: a TCP relay on the loopback in front of a server. */
import { startRelay } from '../../infra/bench/relay.ts';

export interface Wire {
  readonly endpoint: string;
  /** Breaks every connection and refuses new ones until mend(). */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function wireTo(host: string, port: number): Promise<Wire> {
  let isCut = false;
  const { address, drop, stop } = await startRelay({
    host,
    port,
    takes: () => !isCut,
    join: (near, far) => void near.pipe(far).pipe(near),
  });
  return {
    endpoint: `http://${address}`,
    cut() {
      isCut = true;
      drop();
    },
    mend() {
      isCut = false;
    },
    close: stop,
  };
}
