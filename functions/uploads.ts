/** Large versions on their way in parts, as functions and stores see them: what an attempt leaves for the next one. */
import type { VersionRef } from '../events/object-events.ts';

/** An upload in parts that has begun at a site and has not ended. */
export interface BegunUpload {
  readonly uploadId: string;
  /** Bytes of each part but the last. */
  readonly partSize: number;
  /** Of what was told of the version when it began: with another, it is of no use. */
  readonly identity: string;
}

/** Lets write() go on where an earlier attempt stopped, and stop before the version is there. */
export interface Resume {
  /** What an earlier attempt left. Throws RetryableError while another attempt is at it. */
  begun(): Promise<BegunUpload | undefined>;
  /** Remembers it, and keeps other attempts away from it until write() ends. */
  hold(upload: BegunUpload): Promise<void>;
  /** It is gone, or of no use. */
  forget(): Promise<void>;
  /** The rest is for another attempt. */
  isTimeOver(): boolean;
}

/** Uploads that have not ended, by link and by the version at the target; lost memory only makes them start again. */
export interface UploadMemory {
  recall(link: string, ref: VersionRef): Promise<RememberedUpload | undefined>;
  remember(link: string, ref: VersionRef, upload: RememberedUpload): Promise<void>;
  forget(link: string, ref: VersionRef): Promise<void>;
  /** Those that nobody has held since: milliseconds since 1970. */
  unheldSince(link: string, since: number): AsyncIterable<readonly [VersionRef, RememberedUpload]>;
}
export interface RememberedUpload extends BegunUpload {
  /** An attempt is at it until then: milliseconds since 1970. */
  readonly heldUntil: number;
}
