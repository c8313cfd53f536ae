/** What a listing shows of snapshots that nobody has told: what is there is seen as it is, what is there no more is gone. */
import type { Snapshot } from '../../events/snapshot-events.ts';
import { isGone, type Listing, type Resource, uidOf } from './resource.ts';
import type { SnapshotMemory, SnapshotNews } from './snapshot-news.ts';

export interface ListingOptions extends SnapshotNews {
  readonly cluster: string;
  readonly kind: Snapshot['kind'];
  readonly resource: Resource;
  readonly memory: Pick<SnapshotMemory, 'all'>;
  readonly signal: AbortSignal;
}

/** Resolves when what follows from it is told. */
export async function tellListing(options: ListingOptions): Promise<Listing> {
  const { cluster, kind, resource, memory, signal } = options;
  // In this order: what appears after it was asked who is known cannot be missing from the listing.
  const known = await Array.fromAsync(memory.all({ cluster, kind }));
  const listing = await resource.list(signal);
  const present = new Set(listing.items.map(uidOf));
  for (const { snapshot } of known.map(({ state }) => state)) {
    if (present.has(snapshot.uid)) continue;
    // A listing alone proves no absence.
    const found = await resource.get(snapshot.namespace, snapshot.name, signal);
    if (isGone(snapshot.uid, found)) await options.gone(snapshot);
  }
  for (const item of listing.items) await options.seen(item);
  return listing;
}
