/** Content by what it is, wherever it is: what functions ask of a site that has it, and of what remembers where. */
import type { VersionFacts, VersionRef } from '../events/object-events.ts';

/** What content is, whatever it is called and wherever it is. */
export interface ContentId {
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface Digest extends ContentId {
  /** MD5 of each piece of Copying.pieceBytes, hexadecimal; empty where those are not asked for. */
  readonly pieces: readonly string[];
}

/** A version that was seen to hold some content. */
export interface PlacedContent extends VersionRef {
  readonly etag: string;
}

/** Has the site copy content that it holds already, so that it need not cross a link again. */
export interface Copying {
  /** Of the pieces that a digest must tell; undefined where its SHA-256 is proof enough. */
  pieceBytes(facts: Pick<VersionFacts, 'etag'>): number | undefined;
  /** Whether a copy would bring the version over exactly as write() would, and is worth its requests. */
  takes(ref: VersionRef, content: { facts: VersionFacts; encryption?: string | undefined }): boolean;
  /**
   * Writes a replica with these facts and the content of `from`, once the site itself has proved by its hashes that it
   * is the digest's. Undefined where `from` has gone, has another ETag or other content, or may not be read: then it
   * leaves nothing. A repeat is harmless, but may set tags that were changed there meanwhile back.
   */
  copy(
    ref: VersionRef,
    facts: VersionFacts,
    from: PlacedContent,
    digest: Digest,
  ): Promise<'written' | 'already' | undefined>;
}

/** Who brings content to a site, when several bring the same at once. */
export type Turn =
  | { readonly kind: 'first'; readonly release: () => void }
  /** Somebody else of this process is at it; resolves when he is done, well or not. */
  | { readonly kind: 'after'; readonly done: Promise<void> };

type Told = Pick<VersionFacts, 'etag' | 'size'>;

/**
 * Where content was seen to be at the sites, by what it is. Advice that may be lost or outdated at any time: no method
 * throws, and whoever follows it has the site prove it.
 */
export interface ContentIndex {
  turn(site: string, told: Told): Turn;
  /** Whether the site may have what is told like this, so that it pays to find out what it is. */
  mayHave(site: string, told: Told): Promise<boolean>;
  find(site: string, content: ContentId): Promise<PlacedContent | undefined>;
  /** `told`: how the version that brought it is told, which may be another than the one it is found at. */
  remember(site: string, content: ContentId, placed: PlacedContent, told: Told): Promise<void>;
  forget(site: string, content: ContentId): Promise<void>;
}
