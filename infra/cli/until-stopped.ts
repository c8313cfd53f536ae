/** Resolves on Ctrl-C, SIGTERM, a closed terminal, or when the launcher that started this process is gone. */

export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    process.once('disconnect', () => resolve());
  });
}
