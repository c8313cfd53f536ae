/** Sites in memory, links from the first to others, and all that a host settles with: what it did can be looked at. */
import { randomUUID } from 'node:crypto';
import type { CausewayEvent } from '../../../events/cloudevent.ts';
import { fromMinio } from '../../../events/sources/minio.ts';
import { SiteUnavailableError } from '../../../functions/errors.ts';
import type { Link, LinkContext, ListedVersion, ObjectStore, WalkState } from '../../../functions/ports.ts';
import { createContentIndex } from '../../../infra/bus/content-index.ts';
import type { LedgerEntry } from '../../../infra/host/ports.ts';
import type { Settlement } from '../../../infra/host/settle.ts';
import { type MemoryRequest, memoryStore } from '../../../infra/stores/memory.ts';
import { type MemoryClient, memoryClient } from '../../../infra/stores/memory-client.ts';
import { type MemorySite, memorySite } from '../../../infra/stores/memory-site.ts';
import { createLogger } from '../../../infra/telemetry/log.ts';
import { createTelemetry } from '../../../infra/telemetry/metrics.ts';
import { links } from '../../e2e/rules.ts';
import { bodyOf } from '../../sim/notifications.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { noUploads } from './uploads.ts';

export const bucket = 'photos';
export type SiteName = 'east' | 'west' | 'south';

export interface Letter {
  readonly link: string | undefined;
  readonly function: string | undefined;
  readonly reason: string;
  readonly body: string;
}

export interface HostWorld {
  readonly clock: ManualClock;
  readonly links: readonly Link[];
  /** From east to the first target, below `in/`. */
  readonly link: Link;
  /** What users do there. */
  readonly clients: Readonly<Record<SiteName, MemoryClient>>;
  readonly sites: Readonly<Record<SiteName, MemorySite>>;
  readonly stores: Readonly<Record<SiteName, ObjectStore>>;
  /** What a site notified last. */
  notified(): CausewayEvent;
  contextOf(link: Link): Omit<LinkContext, 'emit'>;
  readonly settlement: Settlement;
  readonly emitted: CausewayEvent[];
  readonly ledger: LedgerEntry[];
  readonly letters: Letter[];
  readonly locked: Set<string>;
  down(site: SiteName, isDown: boolean): void;
  /** The next request of this name fails with it. */
  failNext(site: SiteName, name: MemoryRequest['name'], error: Error): void;
  /** Publishing fails with it, until it is undefined. */
  failPublishing(error: Error | undefined): void;
  /** Every version of both sites. */
  holdings(): Promise<Readonly<Record<SiteName, readonly ListedVersion[]>>>;
}

export function createHostWorld(targets: readonly SiteName[] = ['west']): HostWorld {
  const clock = manualClock(Date.parse('2026-01-02T03:04:05.000Z'));
  const rule = { prefix: 'in/' };
  const deployed = links({
    sites: ['east', ...targets],
    bucket,
    direction: 'one-way',
    spec: { source: { site: 'east', bucket, ...rule }, scan: { every: '1m' } },
  });
  const [link] = deployed;
  if (!link) throw new Error('the rule makes no link');
  const notifications: CausewayEvent[] = [];
  const away = new Set<string>();
  const failures = new Map<string, Error>();
  let publishFailure: Error | undefined;

  const siteNamed = (name: SiteName): MemorySite => {
    const site = memorySite({
      name,
      now: () => BigInt(clock.now()) * 1_000_000n,
      newVersionId: randomUUID,
      notify: (notification) => {
        for (const event of fromMinio(name, JSON.parse(Buffer.from(bodyOf(notification)).toString('utf8')))) {
          if ('id' in event) notifications.push(event);
        }
      },
    });
    site.makeBucket(bucket, { objectLock: true });
    return site;
  };
  const storeOf = (site: MemorySite): ObjectStore =>
    memoryStore(site, {
      async deliver({ name }, effect) {
        if (away.has(site.name)) throw new SiteUnavailableError(site.name, 'connection refused');
        const failure = failures.get(`${site.name} ${name}`);
        if (!failure) return effect();
        failures.delete(`${site.name} ${name}`);
        throw failure;
      },
    });
  const sites = { east: siteNamed('east'), west: siteNamed('west'), south: siteNamed('south') };
  const stores = { east: storeOf(sites.east), west: storeOf(sites.west), south: storeOf(sites.south) };
  const known = new Map<string, ObjectStore>(Object.entries(stores));
  const at = (name: string): ObjectStore => {
    const store = known.get(name);
    if (!store) throw new RangeError(`no site ${name}`);
    return store;
  };
  const emitted: CausewayEvent[] = [];
  const ledger: LedgerEntry[] = [];
  const letters: Letter[] = [];
  const locked = new Set<string>();
  const memory = memories(locked);
  const { meter } = createTelemetry(createLogger('silent'));

  return {
    clock,
    links: deployed,
    link,
    sites,
    stores,
    clients: {
      east: memoryClient(sites.east),
      west: memoryClient(sites.west),
      south: memoryClient(sites.south),
    },
    notified() {
      const event = notifications.at(-1);
      if (!event) throw new Error('nothing was notified');
      return event;
    },
    contextOf: (of) => ({
      link: of,
      source: at(of.source.site),
      target: at(of.target.site),
      site: (name) => known.get(name),
      ...memory,
      clock,
      meter,
      deadlines: { requestMs: 5_000, putMs: 10_000 },
    }),
    settlement: {
      clock,
      log: {
        async publish(publications) {
          if (publishFailure) throw publishFailure;
          emitted.push(...publications.map(({ event }) => event));
        },
      },
      ledger: { put: async (entry) => void ledger.push(entry) },
      deadLetters: {
        async add({ link: about, function: name, reason, body }) {
          letters.push({ link: about, function: name, reason, body: Buffer.from(body).toString('utf8') });
        },
      },
    },
    emitted,
    ledger,
    letters,
    locked,
    down(site, isDown) {
      if (isDown) away.add(site);
      else away.delete(site);
    },
    failNext: (site, name, error) => void failures.set(`${site} ${name}`, error),
    failPublishing(error) {
      publishFailure = error;
    },
    async holdings() {
      const listed = async (site: SiteName): Promise<readonly ListedVersion[]> => {
        if (!sites[site].find(bucket)) return [];
        // Also of a site that nobody reaches.
        return (await memoryStore(sites[site]).list(bucket, { prefix: '', limit: 1000 })).versions;
      };
      return { east: await listed('east'), west: await listed('west'), south: await listed('south') };
    },
  };
}

/** What functions remember between events, and their locks. */
function memories(
  locked: Set<string>,
): Pick<LinkContext, 'locks' | 'walks' | 'orphans' | 'uploads' | 'retries' | 'contents'> {
  const walks = new Map<string, WalkState>();
  const orphans = new Map<string, number>();
  const records = new Map<string, string>();
  const nameOf = (link: string, ref: { key: string; versionId: string }): string =>
    JSON.stringify([link, ref.key, ref.versionId]);
  return {
    locks: {
      async acquire(_site, _bucket, key) {
        if (locked.has(key)) return undefined;
        locked.add(key);
        return { signal: new AbortController().signal, release: async () => void locked.delete(key) };
      },
    },
    walks: {
      load: async (link) => walks.get(link),
      save: async (link, state) => void walks.set(link, state),
      streamIdentity: async () => 'a stream',
      hasNews: async () => false,
      backlog: async () => 0,
    },
    orphans: {
      seenIn: async (link, ref) => orphans.get(nameOf(link, ref)),
      remember: async (link, ref, round) => void orphans.set(nameOf(link, ref), round),
      forget: async (link, ref) => void orphans.delete(nameOf(link, ref)),
    },
    uploads: noUploads,
    retries: { releaseDue: async () => 0 },
    contents: createContentIndex({
      get: async (name) => records.get(name),
      put: async (name, value) => void records.set(name, value),
    }),
  };
}
