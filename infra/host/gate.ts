/**
 * Whether a link may work. When a site does not answer, its link waits here: it is probed twice a second, no event
 * spends an attempt, and all go on the moment it answers.
 */
import { messageOf } from '../../functions/errors.ts';
import type { Clock, ObjectStore } from '../../functions/ports.ts';
import { unlessAborted } from './pause.ts';

export type LinkState =
  | { readonly state: 'healthy' }
  | { readonly state: 'paused'; readonly site: string; readonly reason: string; readonly since: number };

const probeEveryMs = 500;
/** A probe into the void ends by its deadline; the next does not wait for it. */
const mostProbes = 20;

export interface Gate {
  readonly state: LinkState;
  /** Resolves when the link may work; rejects when `signal` aborts. */
  opened(signal: AbortSignal): Promise<void>;
  /**
   * A request to `site` found nobody. Probes at once: true means the site does answer, so the failure was the
   * request's own; false means the gate is shut until it does.
   */
  trip(site: ObjectStore, reason: string, signal: AbortSignal): Promise<boolean>;
}

export function createGate(clock: Clock, onChange: (state: LinkState) => void): Gate {
  let state: LinkState = { state: 'healthy' };
  let waiting: PromiseWithResolvers<void> | undefined;

  const change = (next: LinkState): void => {
    state = next;
    onChange(next);
  };

  async function answers(site: ObjectStore): Promise<string | undefined> {
    try {
      await site.probe();
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  async function watch(
    site: ObjectStore,
    pause: PromiseWithResolvers<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let probes = 0;
    const probe = async (): Promise<void> => {
      probes += 1;
      const failure = await answers(site);
      probes -= 1;
      if (failure !== undefined || waiting !== pause) return;
      waiting = undefined;
      change({ state: 'healthy' });
      pause.resolve();
    };
    while (waiting === pause) {
      await clock.sleep(probeEveryMs, signal);
      if (waiting === pause && probes < mostProbes) void probe();
    }
  }

  return {
    get state() {
      return state;
    },
    async opened(signal) {
      while (waiting) await unlessAborted(waiting.promise, signal);
    },
    async trip(site, reason, signal) {
      if (waiting) return false;
      const failure = await answers(site);
      if (failure === undefined) return true;
      if (waiting) return false;
      waiting = Promise.withResolvers();
      change({ state: 'paused', site: site.site, reason: failure || reason, since: clock.now() });
      watch(site, waiting, signal).catch(() => undefined);
      return false;
    },
  };
}
