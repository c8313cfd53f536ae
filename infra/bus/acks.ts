/**
 * Acknowledgements that nobody waits for, sent together: each by itself would be a write of ours and a wake-up of the
 * server, in the middle of other work.
 */

export interface Acks {
  /** Sends it soon; at once when they are closed. */
  add(ack: () => void): void;
  /** Sends what waits. */
  close(): void;
}

/** What waits when this process is killed comes again: no more than a repeat each. */
const mostWaiting = 256;

export function createAcks(withinMs: number): Acks {
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isClosed = withinMs === 0;

  // The client writes in one go what is sent in one turn.
  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    const due = waiting;
    waiting = [];
    for (const ack of due) ack();
  }

  return {
    add(ack) {
      waiting.push(ack);
      if (isClosed || waiting.length >= mostWaiting) send();
      else timer ??= setTimeout(send, withinMs);
    },
    close() {
      isClosed = true;
      send();
    },
  };
}
