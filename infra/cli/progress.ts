/** One line on the terminal that is written anew while long work goes on; nothing anywhere else. */
import type { Io } from './io.ts';

export interface Progress {
  /** Cheap: most calls draw nothing. */
  show(line: () => string): void;
  /** Takes the line away, before anything else is written. */
  clear(): void;
}

const drawEveryMs = 200;
const eraseLine = '\r\u001b[2K';

export function startProgress(io: Pick<Io, 'isTerminal'>, stream: NodeJS.WriteStream): Progress {
  let drawn = 0;
  let isShown = false;
  return {
    show(line) {
      const now = Date.now();
      if (!io.isTerminal || now - drawn < drawEveryMs) return;
      drawn = now;
      isShown = true;
      stream.write(`${eraseLine}${line().slice(0, Math.max(20, stream.columns - 1))}`);
    },
    clear() {
      if (isShown) stream.write(eraseLine);
      isShown = false;
    },
  };
}
