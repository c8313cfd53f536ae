/** What a store of any dialect is made from. */
import type { Deadlines, ObjectStore } from '../../functions/ports.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { WireOptions } from './wire.ts';

/** Uncompressed; a target keeps a stack in memory while it unpacks it. */
export const mostStackBytes = 32 * 1024 * 1024;

/** So small that some are under way at once: while one is read, another crosses, and a third is unpacked. */
export const usualStackBytes = 8 * 1024 * 1024;

/** Smaller content costs no more than the requests that spare it. */
export const leastCopyBytes = 256 * 1024;

export interface StoreOptions extends WireOptions {
  readonly deadlines: Deadlines;
  /** Bounds what uploads hold in memory; without it, the process's own. */
  readonly budget?: ByteBudget | undefined;
  /** Content that goes in one request where the dialect has stacks; without it, the usual. */
  readonly stackBytes?: number | undefined;
  /** Content from this size on is copied where the site has it; without it, the default. */
  readonly copyBytes?: number | undefined;
}

export interface Store extends ObjectStore {
  /** Ends its connections once the requests under way have ended. */
  close(): Promise<void>;
}
