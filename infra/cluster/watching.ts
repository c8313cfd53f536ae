/** Follows a resource from a listing on, watch after watch. */
import type { Clock } from '../../functions/ports.ts';
import { pause } from '../host/pause.ts';

const shortestMs = 250;

/** `watch` resolves to where the next one begins. Resolves when there is no such place any more, or the signal aborts. */
export async function keepWatching(
  from: string,
  watch: (place: string) => Promise<string | undefined>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  let place: string | undefined = from;
  while (place !== undefined && !signal.aborted) {
    const begun = clock.now();
    place = await watch(place);
    // A server that ends each watch at once is not asked without end.
    if (clock.now() - begun < shortestMs) await pause(clock, shortestMs, signal);
  }
}
