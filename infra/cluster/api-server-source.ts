/**
 * What a Knative ApiServerSource (mode Resource) sends of snapshots, told like what a watch sees: the same facts under
 * the same ids, each once. It is delivered late, twice and in any order, and whoever reaches the port may make it up: so
 * an event is only a hint, and the cluster is asked.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { EventError } from '../../events/cloudevent.ts';
import type { Snapshot } from '../../events/snapshot-events.ts';
import { readSnapshot } from '../../events/sources/volume-snapshots.ts';
import { RetryableError } from '../../functions/errors.ts';
import { problemOf } from './problem-words.ts';
import { createResource, isGone, type Resource } from './resource.ts';
import { installSnapshots, resourceNameOf, snapshotKinds } from './snapshot-kinds.ts';
import type { SnapshotNews } from './snapshot-news.ts';

const eventSchema = z.object({
  type: z.enum([
    'dev.knative.apiserver.resource.add',
    'dev.knative.apiserver.resource.update',
    'dev.knative.apiserver.resource.delete',
  ]),
  data: z.unknown(),
});
const versionSchema = z.object({ apiVersion: z.string() });

export interface ApiServerIntake {
  /** The site that the cluster stands beside. */
  readonly cluster: string;
  readonly news: SnapshotNews;
  readonly resourceOf: ResourceOf;
}

/** Undefined for what is not followed. */
type ResourceOf = (kind: Snapshot['kind'], apiVersion: string) => NamedResource | undefined;

interface NamedResource {
  /** As people know it. */
  readonly name: string;
  readonly resource: Resource;
}

/** In a cluster. */
export function snapshotResources(config: KubeConfig): ResourceOf {
  const known = new Map(
    snapshotKinds.flatMap((snapshots) => {
      const { kind, group, plural, versions } = snapshots;
      return versions.map((version): [string, NamedResource] => [
        `${kind} ${group}/${version}`,
        { name: resourceNameOf(snapshots), resource: createResource(config, { group, version, plural }) },
      ]);
    }),
  );
  return (kind, apiVersion) => known.get(`${kind} ${apiVersion}`);
}

/**
 * Resolves when what follows from it is told. Throws EventError for what is no such event, RetryableError where the
 * cluster cannot be asked.
 */
export async function takeResourceEvent(
  event: unknown,
  { cluster, news, resourceOf }: ApiServerIntake,
  signal: AbortSignal,
): Promise<void> {
  const { type, data } = parse(eventSchema, event);
  const { snapshot } = readSnapshot(cluster, data);
  const { apiVersion } = parse(versionSchema, data);
  const followed = resourceOf(snapshot.kind, apiVersion);
  if (!followed)
    throw new EventError('malformed', `${type}: no ${snapshot.kind} of ${apiVersion} is followed`);
  const found = await ask(followed, snapshot, signal);
  if (isGone(snapshot.uid, found)) await news.gone(snapshot);
  if (found !== undefined) await news.seen(found);
}

function parse<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EventError('malformed', `not of an ApiServerSource: ${z.prettifyError(parsed.error)}`);
}

async function ask(
  { name, resource }: NamedResource,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    return await resource.get(snapshot.namespace, snapshot.name, signal);
  } catch (cause) {
    throw new RetryableError(problemOf(cause, name, { install: installSnapshots, verbs: 'get and list' }), {
      cause,
    });
  }
}
