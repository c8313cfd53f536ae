/**
 * What a Knative ApiServerSource (mode Resource) sends of snapshots, told like what a watch sees: the same facts under
 * the same ids, each once. A broker delivers late, twice and in any order, so an event is only a hint that the cluster
 * is asked about. What happens while the source is away it never sends: a watch tells that, when it next looks.
 */
import { z } from 'zod';
import { EventError } from '../../events/cloudevent.ts';
import type { Snapshot } from '../../events/snapshot-events.ts';
import { readSnapshot } from '../../events/sources/volume-snapshots.ts';
import { isGone, type Resource } from './resource.ts';
import type { SnapshotNews } from './snapshot-news.ts';

const eventSchema = z.object({
  type: z.enum([
    'dev.knative.apiserver.resource.add',
    'dev.knative.apiserver.resource.update',
    'dev.knative.apiserver.resource.delete',
  ]),
  data: z.unknown(),
});

export interface ApiServerIntake {
  /** The site that the cluster stands beside. */
  readonly cluster: string;
  readonly news: SnapshotNews;
  readonly resourceOf: (kind: Snapshot['kind']) => Resource;
}

/** Resolves when what follows from it is told. Throws EventError for what is no such event. */
export async function takeResourceEvent(
  event: unknown,
  { cluster, news, resourceOf }: ApiServerIntake,
  signal: AbortSignal,
): Promise<void> {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success)
    throw new EventError('malformed', `not of an ApiServerSource: ${z.prettifyError(parsed.error)}`);
  const { snapshot } = readSnapshot(cluster, parsed.data.data);
  const { namespace, name } = snapshot;
  const found = await resourceOf(snapshot.kind).get(namespace, name, signal);
  if (isGone(snapshot.uid, found)) await news.gone(snapshot);
  else await news.seen(found);
}
