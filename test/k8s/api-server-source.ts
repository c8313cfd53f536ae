/**
 * An ApiServerSource (mode Resource) as its sink sees it: Knative's receive adapter lists, tells nothing of what it
 * finds, watches from there on, and posts each change in binary mode, a few times where the sink is not ready.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { type Change, createResource, type ResourceName } from '../../infra/cluster/resource.ts';

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ namespace: z.string(), name: z.string() }),
});

export type SourceEvent = ReturnType<typeof eventOf>;

const actions = { ADDED: 'add', MODIFIED: 'update', DELETED: 'delete' } as const;

/** As the adapter makes it of an object. */
export function eventOf(change: Change, object: unknown, source = 'https://10.96.0.1:443') {
  const data = objectSchema.parse(object);
  const { apiVersion, kind, metadata } = data;
  const { namespace, name } = metadata;
  return {
    specversion: '1.0',
    id: randomUUID(),
    source,
    type: `dev.knative.apiserver.resource.${actions[change]}`,
    subject: `/apis/${apiVersion}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    apiversion: apiVersion,
    kind,
    name,
    namespace,
    data,
  };
}

export function postBinary(sink: string, event: SourceEvent): Promise<Response> {
  const { data, datacontenttype, ...attributes } = event;
  const headers = Object.entries(attributes).map(([name, value]): [string, string] => [`ce-${name}`, value]);
  return fetch(sink, {
    method: 'POST',
    headers: [['content-type', datacontenttype], ...headers],
    body: JSON.stringify(data),
  });
}

export const postStructured = (sink: string, event: unknown): Promise<Response> =>
  fetch(sink, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    body: JSON.stringify(event),
  });

const again = [404, 413, 425, 429, 502, 503, 504];
const tries = 6;

async function deliver(sink: string, event: SourceEvent): Promise<void> {
  for (let left = tries; left > 0; left--) {
    const status = await postBinary(sink, event).then(
      (answer) => answer.status,
      () => 503,
    );
    if (!again.includes(status)) return;
    await wait(50 * 2 ** (tries - left));
  }
}

/** Resolves when it watches; to what ends it. */
export async function startApiServerSource(
  config: KubeConfig,
  name: ResourceName,
  sinks: readonly string[],
): Promise<() => Promise<void>> {
  const resource = createResource(config, name);
  const end = new AbortController();
  const { resourceVersion } = await resource.list(end.signal);
  let delivered: Promise<unknown> = Promise.resolve();

  async function follow(): Promise<void> {
    let place: string | undefined = resourceVersion;
    while (place !== undefined && !end.signal.aborted) {
      place = await resource.watch(
        place,
        (change, object) => {
          const event = eventOf(change, object, config.getCurrentCluster()?.server);
          delivered = delivered.then(() => Promise.all(sinks.map((sink) => deliver(sink, event))));
        },
        end.signal,
      );
    }
  }

  const following = follow();
  // Whoever stops it hears how it ended.
  following.catch(() => undefined);
  return async () => {
    end.abort();
    await following;
    await delivered;
  };
}
