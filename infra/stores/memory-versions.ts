/**
 * The versions of one bucket in memory, ordered and listed as MinIO does (cmd/xl-storage-format-v2.go,
 * cmd/metacache-walk.go).
 *
 * - Within a key the newest modification time comes first; of equal times, the one that arrived last.
 * - A listing hides what lies under an object's name: with `a` and `a/b`, only `a` is listed, for as long as `a` has
 *   any version, a marker too. A prefix that reaches beyond `a/` shows it.
 * - Keys are sorted by their UTF-8 bytes.
 */
import type { VersionFacts } from '../../events/object-events.ts';

export interface StoredVersion extends Omit<VersionFacts, 'modified'> {
  readonly versionId: string;
  readonly marker: boolean;
  /** Nanoseconds since 1970. */
  readonly modified: bigint;
  readonly replica: boolean;
  readonly content: Uint8Array;
}

export interface StoredEntry {
  readonly key: string;
  readonly version: StoredVersion;
  readonly latest: boolean;
}

export interface Page {
  readonly entries: readonly StoredEntry[];
  readonly next: { readonly key: string; readonly versionId: string } | undefined;
}

export interface PageRequest {
  readonly prefix: string;
  readonly after?: Page['next'];
  readonly limit: number;
}

export interface Versions {
  find(key: string, versionId: string): StoredVersion | undefined;
  /** All of one key, hidden or not, newest first. */
  of(key: string): readonly StoredVersion[];
  /** Replaces a version of the same ID. */
  put(key: string, version: StoredVersion): void;
  remove(key: string, versionId: string): StoredVersion | undefined;
  page(request: PageRequest): Page;
}

export function createVersions(): Versions {
  const byKey = new Map<string, StoredVersion[]>();
  let sorted: readonly string[] | undefined;

  const sortedKeys = (): readonly string[] => {
    sorted ??= [...byKey.keys()].sort(byBytes);
    return sorted;
  };

  /** Objects in the way from where the walk begins, which is the prefix up to its last slash. */
  function isHidden(key: string, prefix: string): boolean {
    const begin = prefix.lastIndexOf('/') + 1;
    for (let slash = key.indexOf('/', 1); slash > 0; slash = key.indexOf('/', slash + 1)) {
      if (slash + 1 >= begin && slash + 1 < key.length && byKey.has(key.slice(0, slash))) return true;
    }
    return false;
  }

  function* entries(prefix: string, after: Page['next']): Generator<StoredEntry> {
    for (const key of sortedKeys()) {
      if (!key.startsWith(prefix) || isHidden(key, prefix)) continue;
      const order = after ? byBytes(key, after.key) : 1;
      if (order < 0 || (order === 0 && after?.versionId === '')) continue;
      const versions = byKey.get(key) ?? [];
      // A marker that has gone since the last page: the key is listed from its beginning again.
      const first =
        order === 0 ? versions.findIndex(({ versionId }) => versionId === after?.versionId) + 1 : 0;
      for (const [index, version] of versions.slice(first).entries()) {
        yield { key, version, latest: first + index === 0 };
      }
    }
  }

  return {
    find: (key, versionId) => byKey.get(key)?.find((version) => version.versionId === versionId),
    of: (key) => byKey.get(key) ?? [],
    put(key, version) {
      const versions = byKey.get(key) ?? [];
      if (!byKey.has(key)) sorted = undefined;
      byKey.set(key, withVersion(versions, version));
    },
    remove(key, versionId) {
      const versions = byKey.get(key) ?? [];
      const removed = versions.find((version) => version.versionId === versionId);
      if (!removed) return undefined;
      const left = versions.filter((version) => version !== removed);
      if (left.length > 0) byKey.set(key, left);
      else {
        byKey.delete(key);
        sorted = undefined;
      }
      return removed;
    },
    page({ prefix, after, limit }) {
      const found: StoredEntry[] = [];
      for (const entry of entries(prefix, after)) {
        const last = found.at(-1);
        if (last && found.length >= limit) {
          return { entries: found, next: { key: last.key, versionId: last.version.versionId } };
        }
        found.push(entry);
      }
      return { entries: found, next: undefined };
    },
  };
}

/** One that keeps its time keeps its place. */
function withVersion(versions: readonly StoredVersion[], version: StoredVersion): StoredVersion[] {
  const isSame = ({ versionId }: StoredVersion): boolean => versionId === version.versionId;
  const there = versions.findIndex(isSame);
  if (there >= 0 && versions[there]?.modified === version.modified) return versions.with(there, version);
  const others = versions.filter((other) => !isSame(other));
  const at = others.findIndex(({ modified }) => modified <= version.modified);
  return others.toSpliced(at < 0 ? others.length : at, 0, version);
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
