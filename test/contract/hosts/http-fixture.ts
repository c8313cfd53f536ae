/** One function behind HTTP over sites in memory, and the ways to send it an event. */
import { type CausewayEvent, contentType } from '../../../events/cloudevent.ts';
import { replicate } from '../../../functions/replicate.ts';
import type { HttpHost } from '../../../infra/host/http-host.ts';
import { put } from './case.ts';
import { startTestHost } from './drivers.ts';
import { createHostWorld, type HostWorld, type SiteName } from './world.ts';

export interface Served {
  readonly world: HostWorld;
  readonly host: HttpHost;
  url(path?: string): string;
  post(body: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  structured(event: object, extensions?: object): Promise<Response>;
  binary(event: CausewayEvent, extensions?: Readonly<Record<string, string>>): Promise<Response>;
  heldAt(site: SiteName): Promise<number>;
}

type Options = Parameters<typeof startTestHost>[2];

/** Serves replicate; `options` may be made of the world. */
export async function serveReplicate(
  optionsOf: (world: HostWorld) => Options = () => ({}),
  targets?: readonly SiteName[],
): Promise<Served> {
  const world = createHostWorld(targets);
  const host = await startTestHost(world, replicate, optionsOf(world));
  const url = (path = '/'): string => `http://127.0.0.1:${host.port}${path}`;
  const post: Served['post'] = (body, headers = { 'content-type': contentType }) =>
    fetch(url(), { method: 'POST', body, headers });
  return {
    world,
    host,
    url,
    post,
    structured: (event, extensions = {}) => post(JSON.stringify({ ...event, ...extensions })),
    binary(event, extensions = {}) {
      const { data, datacontenttype, ...attributes } = event;
      const named = Object.entries({ ...attributes, ...extensions }).map(([name, value]) => [
        `ce-${name}`,
        value,
      ]);
      return post(JSON.stringify(data), { 'content-type': datacontenttype, ...Object.fromEntries(named) });
    },
    heldAt: async (site) => (await world.holdings())[site].length,
  };
}

/** A user's version at the first site, as it was notified. */
export function written({ world }: Served, key = 'in/cat.jpg'): CausewayEvent {
  put(world, 'east', key);
  return world.notified();
}
