/** The workload's own book: what the source should hold, from what it answered to its client, and from nothing else. */
export type Expected =
  | {
      readonly kind: 'object';
      readonly key: string;
      readonly site: string;
      readonly etag: string;
      readonly size: number;
      readonly contentType: string;
      readonly metadata: Readonly<Record<string, string>>;
      tags: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'marker'; readonly key: string; readonly site: string };

export class Model {
  readonly versions = new Map<string, Expected>();
  readonly purged = new Set<string>();
  readonly #unanswered = new Map<string, number>();

  add(versionId: string, expected: Expected): void {
    this.versions.set(versionId, expected);
  }
  purge(versionId: string): void {
    this.versions.delete(versionId);
    this.purged.add(versionId);
  }
  /** Nobody heard what became of one request that makes a version of this key: it may have made it. */
  leaveOpen(key: string): void {
    this.#unanswered.set(key, (this.#unanswered.get(key) ?? 0) + 1);
  }
  /** Which of these versions of a key a site must not have: purged ones, and more than may have been made unheard. */
  unexpected(key: string, versionIds: readonly string[]): string[] {
    const unknown = versionIds.filter((id) => !this.versions.has(id));
    const unheard = unknown.filter((id) => !this.purged.has(id)).slice(0, this.#unanswered.get(key) ?? 0);
    return unknown.filter((id) => !unheard.includes(id));
  }
  of(key: string, site: string, kind: Expected['kind']): string[] {
    return [...this.versions]
      .filter(([, version]) => version.key === key && version.site === site && version.kind === kind)
      .map(([versionId]) => versionId);
  }
}
