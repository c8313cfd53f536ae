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

  add(versionId: string, expected: Expected): void {
    this.versions.set(versionId, expected);
  }
  purge(versionId: string): void {
    this.versions.delete(versionId);
    this.purged.add(versionId);
  }
  of(key: string, site: string, kind: Expected['kind']): string[] {
    return [...this.versions]
      .filter(([, version]) => version.key === key && version.site === site && version.kind === kind)
      .map(([versionId]) => versionId);
  }
}
