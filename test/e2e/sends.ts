/** Counts what Causeway sends to a site: each version, singly or in a stack, whatever the site answered. */
import { vi } from 'vitest';
import type { Store } from '../../infra/stores/index.ts';

export interface Sends {
  /** How often each version ID was sent so far. */
  counts(): ReadonlyMap<string, number>;
}

export function watchSends(store: Store): Sends {
  const single = vi.spyOn(store, 'write');
  const stacks = store.stacking && vi.spyOn(store.stacking, 'write');
  return {
    counts() {
      const sent = new Map<string, number>();
      const count = (versionId: string): void => void sent.set(versionId, (sent.get(versionId) ?? 0) + 1);
      for (const [ref] of single.mock.calls) count(ref.versionId);
      for (const [, entries] of stacks?.mock.calls ?? []) for (const { ref } of entries) count(ref.versionId);
      return sent;
    },
  };
}
