/**
 * Takes away what a link, or a site, has left on NATS: its consumers, its retries and dead letters, its walk's memory. Idempotent. Nobody
 * may run the link, nor keep its streams, at the same time: its consumers would be made again.
 */
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { deadSubject, linkSubject, rawSubject, scheduleSubject } from '../../events/subjects.ts';
import type { Bus } from './connection.ts';
import { bucketNames, ownerOf, rawConsumer, scanConsumer, streamNames } from './streams.ts';

export interface Left {
  readonly name: string;
  /** Undefined where it is nobody's in particular. */
  readonly owner: string | undefined;
}

/** All links that have a consumer, wanted or not: their IDs. */
export async function linksLeft(bus: Bus): Promise<Left[]> {
  const found = new Map<string, Left>();
  for (const { name, owner } of await consumersOf(bus, streamNames.events)) {
    const [rule, source, target] = name.split('_');
    const link = `${rule}_${source}_${target}`;
    if (rule && source && target) found.set(link, { name: link, owner });
  }
  return [...found.values()];
}

/** All sites whose notifications a consumer takes. */
export async function sitesLeft(bus: Bus): Promise<Left[]> {
  const prefix = rawConsumer('');
  const all = await consumersOf(bus, streamNames.raw);
  return all.flatMap(({ name, owner }) =>
    name.startsWith(prefix) ? [{ name: name.slice(prefix.length), owner }] : [],
  );
}

async function consumersOf({ manager }: Bus, stream: string): Promise<Left[]> {
  const found: Left[] = [];
  try {
    for await (const { name, config } of manager.consumers.list(stream))
      found.push({ name, owner: ownerOf(config) });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return found;
}

/** The consumers go last: while one is there, something may be left. */
export async function forgetLink({ manager }: Bus, link: string): Promise<void> {
  for (const bucket of [bucketNames.ledger, bucketNames.walks, bucketNames.orphans, bucketNames.status]) {
    for (const key of [link, `${link}.>`]) await purge(manager, `KV_${bucket}`, `$KV.${bucket}.${key}`);
  }
  for (const subject of [linkSubject(link), scheduleSubject(link)]) {
    await purge(manager, streamNames.events, subject);
  }
  await purge(manager, streamNames.dead, deadSubject(link));
  for (const consumer of [link, scanConsumer(link)]) {
    await unlessMissing(manager.consumers.delete(streamNames.events, consumer));
  }
}

/** What it tells from then on is kept by nobody. */
export async function forgetSite({ manager }: Bus, site: string): Promise<void> {
  await unlessMissing(manager.consumers.delete(streamNames.raw, rawConsumer(site)));
  await purge(manager, streamNames.raw, rawSubject(site));
}

const purge = (manager: Bus['manager'], stream: string, filter: string): Promise<void> =>
  unlessMissing(manager.streams.purge(stream, { filter }));

const missing: readonly number[] = [JetStreamApiCodes.ConsumerNotFound, JetStreamApiCodes.StreamNotFound];

async function unlessMissing(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof JetStreamApiError && missing.includes(error.code);
