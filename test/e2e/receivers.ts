/** Receivers as processes of their own beside the world's last site, and stores that send to them. */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { systemClock } from '../../infra/host/system-clock.ts';
import { freePort } from '../../infra/sites/ports.ts';
import type { Store } from '../../infra/stores/index.ts';
import { openReceiver } from '../../infra/stores/receiver.ts';
import { withReceivers } from '../../infra/stores/receivers.ts';
import { type Served, serveProcess } from '../contract/serve/process.ts';
import { credentialsOf } from './causeway-process.ts';
import { type Front, listen } from './front.ts';
import { siteDocuments } from './site-documents.ts';
import { deadlines, type World } from './world.ts';

export const token = 'a token that nobody guesses'.replaceAll(' ', '-');

/** `places`: what it may write, as site/bucket. `endpoint`: something in front of the last site. */
export async function startReceiver(
  world: World,
  places: readonly string[],
  endpoint?: string,
): Promise<Served> {
  const file = join(world.dir, 'receiver.yaml');
  const own = world.embedded.sites.at(-1)?.server.endpoint ?? '';
  await writeFile(file, siteDocuments(world.embedded).replace(own, endpoint ?? own));
  return serveProcess({
    args: ['receive-stack', '-f', file],
    env: {
      ...credentialsOf(world.embedded),
      CAUSEWAY_RECEIVER_TOKEN: token,
      CAUSEWAY_RECEIVES: places.join(','),
    },
    port: await freePort(),
  });
}

/** How many versions it has written. */
export async function writtenBy({ url }: Served): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = [...text.matchAll(/^causeway_received_total\{.*outcome="written".*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

export interface Aided {
  readonly store: Store;
  /** What was told of receivers that could not be used, and why. */
  readonly told: readonly string[];
}

export function aided(
  store: Store,
  urls: readonly string[],
  { say = token, random = Math.random }: { say?: string; random?: () => number } = {},
): Aided {
  const told: string[] = [];
  const aidedStore = withReceivers(store, {
    receivers: urls.map((url) => openReceiver({ url, token: say })),
    deadlineMs: deadlines.putMs,
    clock: systemClock,
    random,
    onReach: (url, place, reason) => told.push(`${url} ${place}: ${reason ?? 'again'}`),
  });
  return { store: aidedStore, told };
}

/** In front of a site: passes requests on, and tells of each that writes an object. */
export const watchedSite = (endpoint: string, onPut: () => void): Promise<Front> =>
  listen((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const { hostname, port } = new URL(endpoint);
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      if (method === 'PUT') onPut();
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
