/** A server that can be stopped or killed and started again as it was: what chaos tests and `up` hold in hand. */
import type { ServerProcess } from './process.ts';

export interface Restartable {
  readonly running: boolean;
  /** The process ID of the running server. */
  readonly pid: number | undefined;
  /** Starts it again on the same port and directory; nothing happens if it runs. */
  start(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Resolves when the present process has ended, at once if none runs. */
  exited(): Promise<void>;
  /** The last of what the server wrote, without secrets. */
  output(): string;
}

export async function restartable(launch: () => Promise<ServerProcess>): Promise<Restartable> {
  let server = await launch();
  return {
    get running() {
      return server.running;
    },
    get pid() {
      return server.running ? server.pid : undefined;
    },
    async start() {
      if (!server.running) server = await launch();
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    exited: () => server.exited,
    output: () => server.output(),
  };
}

/** Launches on the wanted port, or on a free one: another one if somebody took it in between. */
export async function onFreePort<T>(
  wanted: number | undefined,
  pick: () => Promise<number>,
  launch: (port: number) => Promise<T>,
): Promise<T> {
  if (wanted !== undefined) return launch(wanted);
  for (let tries = 1; ; tries++) {
    try {
      return await launch(await pick());
    } catch (error) {
      const isTaken = error instanceof Error && /address already in use|EADDRINUSE/i.test(error.message);
      if (!isTaken || tries === 3) throw error;
    }
  }
}
