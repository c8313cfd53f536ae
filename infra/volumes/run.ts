/** Runs a function about volumes to its end, in this process: waits where it waits. */
import { type CausewayEvent, type Draft, makeEvent } from '../../events/cloudevent.ts';
import { identify } from '../../events/identity.ts';
import type { VolumeDue } from '../../events/volume-events.ts';
import type { VolumeFunction } from '../../functions/define.ts';
import { RetryableError, TerminalError } from '../../functions/errors.ts';
import type { VolumeContext } from '../../functions/volume-ports.ts';
import { followers } from '../host/settle.ts';

export interface RunOptions {
  /** How long what has not arrived is waited for. */
  readonly waitMs: number;
  waiting(reason: string): void;
}

/** What a Job begins with: the same event, however often it is tried. */
export function volumeEvent(draft: Extract<Draft, { readonly data: VolumeDue }>, now: number): CausewayEvent {
  const { volume, sync } = draft.data;
  const { site, namespace, replication, claim } = volume;
  return makeEvent(draft, {
    id: identify('volume', draft.type, site, namespace, replication, claim, sync),
    source: `kubernetes:volume.${site}.${namespace}`,
    time: new Date(now).toISOString(),
  });
}

/** Resolves to what it emitted. Throws where it may wait no longer, or where nothing can help. */
export async function runVolumeFunction(
  bound: VolumeFunction,
  event: CausewayEvent,
  context: VolumeContext,
  { waitMs, waiting }: RunOptions,
): Promise<readonly CausewayEvent[]> {
  const { clock } = context;
  const until = clock.now() + waitMs;
  for (;;) {
    const outcome = await bound.handle(event, context);
    switch (outcome.kind) {
      case 'done':
        return followers(outcome.emitted, event, bound.name, clock.now()).map((one) => one.event);
      case 'park':
        throw new TerminalError(outcome.reason);
      case 'retry':
      case 'later':
        if (clock.now() + outcome.afterMs > until) throw new RetryableError(outcome.reason);
        waiting(outcome.reason);
        await clock.sleep(outcome.afterMs);
    }
  }
}
