/**
 * What clients do, at all sites where they write: mostly to a few hot keys, often in the same millisecond. Listings tell
 * no more than that, so two sites never write one key in the same millisecond; see `writesAtOnce` for one site.
 */
import type { VersionRef } from '../../events/object-events.ts';
import { type MemoryClient, memoryClient } from '../../infra/stores/memory-client.ts';
import type { MemorySite } from '../../infra/stores/memory-site.ts';
import type { StoredVersion } from '../../infra/stores/memory-versions.ts';
import type { Model } from './model.ts';
import type { Sent } from './notifications.ts';
import type { Random } from './random.ts';
import { bucket } from './topology.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface WorkloadOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly sites: readonly MemorySite[];
  readonly model: Model;
  readonly operations: number;
  readonly durationMs: number;
  /** Some keys lie under another key's name, where listings do not show them. */
  readonly nested: boolean;
  /** What clients never do. */
  readonly without: readonly Operation[];
  /**
   * To one key in one millisecond. What the walk sends has its rank in the millisecond instead of its nanoseconds: of
   * three, it cannot put the one in the middle between two whose exact times were sent; and a site on the way may not
   * have the other one of two yet.
   */
  readonly writesAtOnce: number;
  readonly isDown: (site: string) => boolean;
  /** What became of the notifications since the last call, in their order. */
  readonly notified: () => Sent[];
  readonly trace: (line: () => string) => void;
}

const flatKeys = ['hot', 'warm', 'a', 'b/c', 'b/d', 'Ünïcödé +%20'];
const nestedKeys = ['a', 'a/b', 'a/b/c', 'hot', 'hot/x'];

const operations = {
  put: 40,
  putInParts: 3,
  delete: 16,
  purge: 12,
  purgeMarker: 7,
  putTags: 10,
  deleteTags: 3,
  deleteMany: 5,
} as const;
export type Operation = keyof typeof operations;
export const tagging: readonly Operation[] = ['putTags', 'deleteTags'];
export const marking: readonly Operation[] = ['delete', 'purgeMarker', 'deleteMany'];
const isOperation = (name: string): name is Operation => Object.hasOwn(operations, name);

export function scheduleWorkload(options: WorkloadOptions): void {
  const { clock, random, sites, model, trace, notified } = options;
  const keys = options.nested ? nestedKeys : flatKeys.slice(0, random.between(1, flatKeys.length));
  const clients = new Map(sites.map((site) => [site, memoryClient(site)]));
  /** Who wrote a key in a millisecond, and how often. */
  const writers = new Map<string, { readonly site: MemorySite; times: number }>();
  const weighted = Object.entries(operations)
    .flatMap(([name, weight]) => Array.from({ length: weight }, () => name))
    .filter(isOperation)
    .filter((name) => !options.without.includes(name));
  const contents: Buffer[] = [];
  let written = 0;

  function mayWrite(site: MemorySite, key: string): boolean {
    const at = `${key} ${site.now() / 1_000_000n}`;
    const writer = writers.get(at) ?? { site, times: 0 };
    writers.set(at, writer);
    writer.times += 1;
    return writer.site === site && writer.times <= options.writesAtOnce;
  }

  function act(operation: Operation, site: MemorySite, key: string): void {
    const client = clients.get(site);
    if (!client || options.isDown(site.name)) return;
    if (!mayWrite(site, key)) {
      clock.after(1.1, () => act(operation, site, key));
      return;
    }
    notified();
    const told = steps[operation](client, site, key);
    if (told) trace(() => `client at ${site.name}: ${operation} ${key} ${told}`);
  }

  const steps: Record<
    Operation,
    (client: MemoryClient, site: MemorySite, key: string) => string | undefined
  > = {
    put: (client, site, key) => put(client, site, key, undefined),
    putInParts: (client, site, key) => put(client, site, key, random.between(1, 3)),
    delete(client, site, key) {
      const made = client.delete(bucket, key);
      if (made) model.marker(site.name, key, made);
      return made?.versionId;
    },
    purge: (client, site, key) => purge(client, site, key, false),
    purgeMarker: (client, site, key) => purge(client, site, key, true),
    putTags: (client, site, key) => tag(client, site, key, { step: String(random.between(1, 1000)) }),
    deleteTags: (client, site, key) => tag(client, site, key, {}),
    deleteMany,
  };

  function put(client: MemoryClient, site: MemorySite, key: string, parts: number | undefined): string {
    written += 1;
    const content = contentFor(key);
    const given = {
      metadata: random.chance(0.5) ? { written: String(written), name: 'Größe' } : {},
      tags: random.chance(0.3) ? { first: String(written) } : {},
      ...(parts !== undefined && { parts }),
    };
    const made = client.put(bucket, key, content, given);
    model.put(site.name, key, made, content, given);
    return made.versionId;
  }

  /** What was written before may be written again, anywhere. */
  function contentFor(key: string): Buffer {
    if (contents.length > 0 && random.chance(0.3)) return random.pick(contents);
    const content = Buffer.from(random.chance(0.1) ? '' : `content ${written} of ${key}`);
    contents.push(content);
    return content;
  }

  function held(site: MemorySite, key: string, isWanted: (version: StoredVersion) => boolean) {
    const all = site.bucket(bucket).versions.of(key);
    const versions = all.filter((version) => isWanted(version) && mayTouch(version, site));
    return versions.length > 0 ? random.pick(versions) : undefined;
  }

  /** Of a marker that no listing shows, the event of its deletion says only that there was one. */
  function mayTouch({ versionId, marker }: StoredVersion, { name }: MemorySite): boolean {
    const origin = model.originOf(versionId);
    return origin !== undefined && !(options.nested && marker && origin !== name);
  }

  function purge(client: MemoryClient, site: MemorySite, key: string, marker: boolean): string | undefined {
    const version = held(site, key, (one) => one.marker === marker);
    if (!version) return undefined;
    client.deleteVersion(refOf(key, version));
    purged(site, version, notified()[0] === 'lost');
    return version.versionId;
  }

  const purged = (site: MemorySite, { versionId }: StoredVersion, lost: boolean): void =>
    model.purged(site.name, versionId, { lost, at: clock.time });

  function tag(client: MemoryClient, site: MemorySite, key: string, tags: Record<string, string>) {
    const version = held(site, key, ({ marker }) => !marker);
    if (!version) return undefined;
    client.putTags(refOf(key, version), tags);
    model.tagged(site.name, version.versionId, tags, notified()[0] !== 'sent');
    return `${version.versionId} ${JSON.stringify(tags)}`;
  }

  /** One request removes a version and makes a marker, or two markers. */
  function deleteMany(client: MemoryClient, site: MemorySite, key: string): string {
    const other = random.pick(keys);
    const version = other === key || !mayWrite(site, other) ? undefined : held(site, other, () => true);
    const wanted = [{ key }, ...(version ? [{ key: other, versionId: version.versionId }] : [])];
    const [marker] = client.deleteMany(bucket, wanted);
    if (marker) model.marker(site.name, key, marker);
    if (version) purged(site, version, notified()[1] === 'lost');
    return `${marker?.versionId} ${other} ${version?.versionId}`;
  }

  let at = 0;
  let key = random.pick(keys);
  let site = random.pick(sites);
  for (let index = 0; index < options.operations; index += 1) {
    const isBurst = random.chance(0.35);
    at = isBurst ? at + random.pick([0, 0, 0.3, 2, 30]) : options.durationMs * random.next();
    if (!isBurst || random.chance(0.3)) key = random.pick(keys);
    if (!isBurst || random.chance(0.2)) site = random.pick(sites);
    const [operation, where, what] = [random.pick(weighted), site, key];
    clock.after(at, () => act(operation, where, what));
  }
}

const refOf = (key: string, { versionId }: StoredVersion): VersionRef => ({ bucket, key, versionId });
