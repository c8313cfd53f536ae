/** Resolves when `work` has ended, however, or after `ms`; the timer goes with it and keeps no process alive. */

import type { Clock } from '../../functions/ports.ts';
import { pause } from './pause.ts';

export async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const late = pause(clock, ms, ended.signal);
  await Promise.race([work.catch(() => undefined), late]);
  ended.abort();
}
