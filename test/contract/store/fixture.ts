/** What the contract suite needs of a store under test, and what its tests share. */
import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { VersionFacts, VersionRef } from '../../../events/object-events.ts';
import { sameTime } from '../../../events/times.ts';
import type { Content, ListedVersion, ObjectStore } from '../../../functions/ports.ts';

export interface StoreFixture {
  /** With the credentials that Causeway has there. */
  readonly store: ObjectStore;
  /** The same site with a wrong secret, where a site has secrets. */
  readonly impostor?: ObjectStore;
  /** Buckets that exist; `locked` allows retention and legal hold. */
  readonly buckets: { readonly versioned: string; readonly unversioned: string; readonly locked: string };
  /** An ordinary client of the site. */
  readonly user: SiteUser;
  /** Those of the suite's odd keys that the site cannot hold. */
  readonly refusedKeys: readonly string[];
  close(): Promise<void>;
}

export type UserPut = Partial<
  Pick<VersionFacts, 'headers' | 'metadata' | 'tags' | 'retention' | 'legalHold'>
> & {
  /** Uploaded in parts, cut here; each but the last at least 5 MiB. */
  readonly partSize?: number;
};

export interface SiteUser {
  put(bucket: string, key: string, content: Uint8Array, options?: UserPut): Promise<VersionRef>;
  /** Makes a delete marker. */
  delete(bucket: string, key: string): Promise<VersionRef>;
  deleteVersion(ref: VersionRef): Promise<void>;
  putTags(ref: VersionRef, tags: Readonly<Record<string, string>>): Promise<void>;
  /** What a reader gets who names no version. */
  get(bucket: string, key: string): Promise<Uint8Array | undefined>;
}

export type Fixture = () => StoreFixture;

export const MEBIBYTE = 1024 * 1024;
export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const md5 = (content: Uint8Array): string => createHash('md5').update(content).digest('hex');

/** A key that no other test has. */
export const newKey = (name: string): string => `${name}-${randomUUID()}`;
export const newRef = (bucket: string, key: string): VersionRef => ({
  bucket,
  key,
  versionId: randomUUID(),
});

export const plainFacts = (body: Uint8Array, facts: Partial<VersionFacts> = {}): VersionFacts => ({
  size: body.length,
  etag: md5(body),
  modified: '2026-01-02T03:04:05.123456789Z',
  headers: { 'content-type': 'text/plain' },
  metadata: {},
  tags: {},
  ...facts,
});

/** A version's content as another store's `read` would give it. */
export function contentOf(body: Uint8Array, facts: Partial<VersionFacts> = {}): Content {
  return contentFrom([body], plainFacts(body, facts));
}

export function contentFrom(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  facts: VersionFacts,
): Content {
  async function* give() {
    yield* chunks;
  }
  return { facts, chunks: give(), discard: () => undefined };
}

export async function bodyOf(content: Content | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content?.chunks ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Facts agree; times to the precision that both tell. */
export function expectFacts(actual: VersionFacts | undefined, expected: VersionFacts): void {
  expect(actual).toEqual({ ...expected, modified: expect.any(String) });
  expect(sameTime(actual?.modified ?? '', expected.modified)).toBe(true);
}

/** All that a listing shows of a key, page by page. */
export async function listed(
  store: ObjectStore,
  bucket: string,
  prefix: string,
  limit = 1000,
): Promise<ListedVersion[]> {
  const versions: ListedVersion[] = [];
  for (let page = await store.list(bucket, { prefix, limit }); ; ) {
    versions.push(...page.versions);
    if (!page.next) return versions;
    page = await store.list(bucket, { prefix, limit, after: page.next });
  }
}
