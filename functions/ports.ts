/**
 * The world as functions see it. Every method may be called again with the same arguments; what a repeat does is
 * said at each. Methods throw the errors of errors.ts; every call ends by its deadline.
 */
import type { Draft } from '../events/cloudevent.ts';
import type { VersionFacts, VersionRef } from '../events/object-events.ts';
import type { ContentIndex, Copying } from './content.ts';
import type { BegunUpload, Resume, UploadMemory } from './uploads.ts';

/** One (rule, source site, target site); its ID is rule_source_target. */
export interface Link {
  readonly id: string;
  readonly rule: string;
  readonly source: { readonly site: string; readonly bucket: string };
  readonly target: { readonly site: string; readonly bucket: string };
  /** Also the reverse link exists: either site may be a version's origin. */
  readonly twoWay: boolean;
  readonly filter: {
    readonly prefix: string;
    readonly exclude: readonly string[];
    readonly tags: Readonly<Record<string, string>>;
  };
  /** Higher wins where two rules write one key to one bucket: those filters are excluded here. */
  readonly yieldsTo: readonly Link['filter'][];
  readonly deleteMarkers: boolean;
  readonly versionPurges: boolean;
  readonly metadataChanges: boolean;
  readonly existingObjects: boolean;
  /** Other buckets from which the source bucket is fed, transitively: where a replica's origin may be. */
  readonly origins: readonly { readonly site: string; readonly bucket: string }[];
  /** Those of them from which a version reaches the source without passing the target. */
  readonly upstream: readonly { readonly site: string; readonly bucket: string }[];
  /** The links that lead back. */
  readonly reverses: readonly string[];
  /** Every other link that ends at the target, of whichever rule. */
  readonly beside: readonly { readonly id: string; readonly source: string }[];
  /** Sites from which the same rule feeds the target directly: what has been there comes from there. */
  readonly fedBy: readonly string[];
  /** Some rule starts at the target bucket and leads to a site that this rule does not feed from the source. */
  readonly onward: boolean;
  readonly scanEveryMs: number;
}

/** What a site says of one version. `absent` is a definite answer, never a failure to read. */
export type Look =
  | {
      readonly state: 'object';
      readonly facts: VersionFacts;
      readonly replica: boolean;
      readonly encryption?: string;
    }
  | { readonly state: 'marker'; readonly modified: string; readonly replica: boolean }
  | { readonly state: 'absent'; readonly missing: 'version' | 'bucket' };

/** One line of a version listing. `facts` where the store lists them (MinIO's extended listing). */
export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly marker: boolean;
  readonly latest: boolean;
  /** RFC 3339, milliseconds. */
  readonly modified: string;
  readonly size: number;
  readonly etag: string;
  /** Undefined where the listing does not tell (markers; stores without an extended listing). */
  readonly replica?: boolean | undefined;
  /** Without the Expires header, which MinIO lists nowhere. */
  readonly facts?:
    | Pick<VersionFacts, 'headers' | 'metadata' | 'tags' | 'retention' | 'legalHold'>
    | undefined;
}

export interface ListPage {
  readonly versions: readonly ListedVersion[];
  /** Where to go on; undefined at the end. Its key is for the store alone: MinIO writes more than the key there. */
  readonly next: { readonly key: string; readonly versionId: string } | undefined;
}

export interface BucketInfo {
  readonly versioning: 'enabled' | 'suspended' | 'off';
  readonly objectLock: boolean;
  /** RFC 3339; a bucket made anew has another. */
  readonly created: string;
}

/** A version's content: `chunks` may be taken once; `discard` lets go of it unread. */
export interface Content {
  readonly facts: VersionFacts;
  /** How it is encrypted at rest (`AES256`, `aws:kms`): with a KMS the ETag is not the content's MD5. */
  readonly encryption?: string | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
  discard(): void;
  /** The same content from this byte on, by a request of its own. Throws RetryableError where it is not there any more. */
  from?(offset: number): Promise<Pick<Content, 'chunks' | 'discard'>>;
  /** Bytes of its part with this number, from 1, as the site keeps it; undefined where it has none. */
  sizeOfPart?(number: number): Promise<number | undefined>;
}

/** A small version whose content is here, checked against its facts. */
export interface StackEntry {
  readonly ref: VersionRef;
  readonly facts: VersionFacts;
  readonly body: Uint8Array;
}

/** Writes many small replicas with one request. */
export interface Stacking {
  /** Bytes of content; what is larger gains nothing by company. */
  readonly largestEntry: number;
  /** Bytes of content that go in one request. */
  readonly largestStack: number;
  /** Resolves once there is memory for so much content and what is made of it; the result gives it back. */
  room(bytes: number): Promise<() => void>;
  /** Reads a version for a stack when it has its turn, first come, first served: one stack leaves before the next is read. */
  inTurn<Result>(read: () => Promise<Result>): Promise<Result>;
  /**
   * Takes a version's content into memory and checks it as write() does. Undefined where a stack would not bring it
   * over exactly as write() would, or where it is too large; then nothing of the content is taken.
   */
  load(ref: VersionRef, content: Content): Promise<StackEntry | undefined>;
  /**
   * Resolves to the entries that were refused, and may still go singly, once every other one is written. Throws where
   * that is not known of all; some may be written. A repeat is harmless, but unlike write() it may set tags that were
   * changed at the target meanwhile back.
   */
  write(bucket: string, entries: readonly StackEntry[]): Promise<readonly StackEntry[]>;
}

/** One S3 endpoint with one dialect. Compared by one contract suite, in-memory store included. */
export interface ObjectStore {
  readonly site: string;
  /** Throws SiteUnavailableError or RefusedError while the site cannot be used. */
  probe(): Promise<void>;
  /** Undefined where there is no such bucket. */
  bucket(bucket: string): Promise<BucketInfo | undefined>;
  /** HEAD, and GET ?tagging where there are tags. */
  look(ref: VersionRef): Promise<Look>;
  /** Undefined where the version is absent or a marker. Throws TerminalError for content that cannot be read. */
  read(ref: VersionRef): Promise<Content | undefined>;
  /**
   * Writes a replica with exactly these facts. Checks size, and MD5 where the ETag is one, before the target can
   * have taken it: a mismatch throws RetryableError and leaves nothing. `already`: the version was there with the
   * same ETag; a repeat is harmless. Never call it for a version ID that holds other content: it would overwrite.
   * With `resume`, what could be stored of a large version when it fails stays for the next attempt; `unfinished`: it
   * stopped when its time was over, and has stored more than there was.
   */
  write(ref: VersionRef, content: Content, resume?: Resume): Promise<'written' | 'already' | 'unfinished'>;
  /** Removes what a write left that did not end; a repeat finds nothing and is harmless. */
  abandon(ref: VersionRef, upload: BegunUpload): Promise<void>;
  /** Undefined where the store takes one version a request. */
  readonly stacking?: Stacking | undefined;
  /** Undefined where content has to come over the link. */
  readonly copying?: Copying | undefined;
  /**
   * Only under the key lock: two at once remove the marker. A repeat, one after the other, leaves it. Throws
   * TerminalError where an object has this version ID, which the request would purge.
   */
  putMarker(ref: VersionRef, modified: string): Promise<void>;
  /** Removes one version or marker for good, without an event. A repeat finds nothing and is harmless. */
  purge(ref: VersionRef): Promise<void>;
  /** Sets tags, retention and legal hold of a replica to the given; a repeat is harmless. Under the key lock. */
  setMetadata(ref: VersionRef, facts: Pick<VersionFacts, 'tags' | 'retention' | 'legalHold'>): Promise<void>;
  /** Versions by key (UTF-8 order), newest first within a key. Listings do not prove absence (nested keys). */
  list(bucket: string, from: { prefix: string; after?: ListPage['next']; limit: number }): Promise<ListPage>;
}

/** Exclusive right to change one key at one target, across processes. */
export interface KeyLock {
  /** Undefined when somebody else holds it. `signal` aborts well before the right expires. */
  acquire(site: string, bucket: string, key: string): Promise<HeldLock | undefined>;
}
export interface HeldLock {
  readonly signal: AbortSignal;
  /** Idempotent. */
  release(): Promise<void>;
}

/** Memory of a link's walk; lost memory only makes it start again. */
export interface WalkState {
  /** Full rounds completed. */
  readonly round: number;
  /** Key to go on from; undefined at the start of a round. */
  readonly cursor: string | undefined;
  /** Versions that the last full round counted at source and target. */
  readonly counted: number;
  /** Counted in this round so far. */
  readonly counting: number;
  /** Replicas without an origin that this round saw so far, and that the round before saw in all. */
  readonly suspects: number;
  readonly suspectsBefore: number;
  readonly roundStarted: string;
  /** Walk without pause until the end of a round (first start, lost stream, restored source). */
  readonly hurry: boolean;
  /** The source bucket was made anew under the replicas: this walk purges nothing more. */
  readonly frozen: boolean;
  /** With existingObjects off: versions older than this are left alone. RFC 3339. */
  readonly since: string;
  /** Identities of what the memory was made with; a change means: walk all at once. */
  readonly stream: string;
  readonly sourceCreated: string;
  readonly targetCreated: string;
}

export interface WalkMemory {
  load(link: string): Promise<WalkState | undefined>;
  save(link: string, state: WalkState): Promise<void>;
  /** Changes when events may have been lost: the stream was made anew, or passed a consumer's floor. */
  streamIdentity(link: string): Promise<string>;
  /** Events of the link that wait to be handled. */
  backlog(link: string): Promise<number>;
  /** Whether a link may still have to handle what happened at its source: an event, a retry, a notification unread. */
  hasNews(link: string, source: string): Promise<boolean>;
}

/** Replicas that a walk found without an origin: seen once, and looked at again one walk later. */
export interface OrphanMemory {
  /** The round in which it was first seen; undefined if it was not. */
  seenIn(link: string, ref: VersionRef): Promise<number | undefined>;
  remember(link: string, ref: VersionRef, round: number): Promise<void>;
  forget(link: string, ref: VersionRef): Promise<void>;
}

/** Retries that wait longer than a message should be held; due ones go back on the stream. */
export interface RetryMemory {
  /** Puts what is due back on the link's subject and removes it; returns how many. */
  releaseDue(link: string): Promise<number>;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What is counted, for /metrics and `status`; every finding that nothing else reports is logged too. */
export interface Meter {
  arrived(link: string, bytes: number, lagMs: number): void;
  /** Content that arrived without crossing the link: the target had it. */
  copied(link: string, bytes: number): void;
  verified(link: string, lagMs: number): void;
  restored(link: string): void;
  orphan(link: string, ref: VersionRef): void;
  differs(link: string, ref: VersionRef, fields: readonly string[]): void;
}

export interface Deadlines {
  /** Of a HEAD, DELETE, tagging or listing request. */
  readonly requestMs: number;
  /** Of the request that makes a version exist (PUT, or completing a multipart upload). */
  readonly putMs: number;
  /** How long one attempt at a large version may go on before it leaves the rest to the next; without it, to the end. */
  readonly sliceMs?: number | undefined;
}

/** What a handler may use, bound to the link that its events belong to. */
export interface BatchContext {
  readonly link: Link;
  readonly source: ObjectStore;
  readonly target: ObjectStore;
  /** Any site of the deployment; undefined if it is not configured here. */
  site(name: string): ObjectStore | undefined;
  readonly locks: KeyLock;
  readonly walks: WalkMemory;
  readonly orphans: OrphanMemory;
  readonly uploads: UploadMemory;
  readonly retries: RetryMemory;
  readonly contents: ContentIndex;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly deadlines: Deadlines;
}

/** The same for one event. */
export interface LinkContext extends BatchContext {
  /** Puts events on the stream before the outcome: for a function that emits more than one outcome should hold. */
  emit(drafts: readonly Draft[]): Promise<void>;
}
