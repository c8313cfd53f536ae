/** One S3 site in memory: its buckets, its clock, and where its notifications go. */
import type { ObjectEvent } from '../../events/object-events.ts';
import type { BucketInfo } from '../../functions/ports.ts';
import { refused } from './errors.ts';
import { createVersions, type Versions } from './memory-versions.ts';

export interface MemoryBucket extends BucketInfo {
  readonly name: string;
  readonly versions: Versions;
}

/** An S3 event notification, as MinIO sends it. */
export interface MemoryNotification {
  readonly name: string;
  /** MinIO's word for the version's time in nanoseconds; of removals it may be the time of the event. */
  readonly sequencer: bigint;
  readonly data: ObjectEvent;
}

export interface MemorySite {
  readonly name: string;
  /** Throws what a missing bucket makes a request throw. */
  bucket(name: string): MemoryBucket;
  find(name: string): MemoryBucket | undefined;
  makeBucket(
    name: string,
    options?: Partial<Pick<BucketInfo, 'versioning' | 'objectLock' | 'created'>>,
  ): void;
  removeBucket(name: string): void;
  /** Nanoseconds since 1970; never the same twice. */
  now(): bigint;
  newVersionId(): string;
  notify(notification: MemoryNotification): void;
}

export interface MemorySiteOptions {
  readonly name: string;
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
  /** Version IDs: UUIDs. */
  readonly newVersionId: () => string;
  readonly notify?: (notification: MemoryNotification) => void;
}

export function memorySite({
  name: site,
  now,
  newVersionId,
  notify = () => undefined,
}: MemorySiteOptions): MemorySite {
  const buckets = new Map<string, MemoryBucket>();
  let last = 0n;

  function nextNow(): bigint {
    const read = now();
    last = read > last ? read : last + 1n;
    return last;
  }

  return {
    name: site,
    find: (name) => buckets.get(name),
    bucket(name) {
      const found = buckets.get(name);
      if (!found) throw refused({ site, doing: name, status: 404, code: 'NoSuchBucket', message: '' });
      return found;
    },
    makeBucket(name, { versioning = 'enabled', objectLock = false, created } = {}) {
      const made = created ?? new Date(Number(nextNow() / 1_000_000n)).toISOString();
      buckets.set(name, { name, versioning, objectLock, created: made, versions: createVersions() });
    },
    removeBucket: (name) => void buckets.delete(name),
    now: nextNow,
    newVersionId,
    notify,
  };
}
