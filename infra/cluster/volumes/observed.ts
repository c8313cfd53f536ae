/** What there is in the cluster and in the bucket, as far as a VolumeReplication is concerned. */
import type { SnapshotShipped } from '../../../events/volume-events.ts';

interface Seen {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A PersistentVolumeClaim. */
export interface SeenClaim extends Seen {
  readonly annotations: Readonly<Record<string, string>>;
  readonly volumeMode: string;
  /** What it asks for, as it was written. */
  readonly size: string;
  /** What it was given, once it was. */
  readonly capacity: string | undefined;
  readonly storageClassName: string | undefined;
  readonly accessModes: readonly string[];
  readonly phase: string;
}

export interface SeenSnapshot extends Seen {
  /** Its claim; undefined where it was made of a content. */
  readonly claim: string | undefined;
  readonly isReady: boolean;
  /** The point in time, once it is cut. */
  readonly takenAt: string | undefined;
  /** What a volume must hold that is made of it. */
  readonly restoreSize: string | undefined;
  readonly error: string | undefined;
}

/** A StorageClass or a VolumeSnapshotClass. */
export interface SeenClass {
  readonly name: string;
  /** Taken where none is named. */
  readonly isDefault: boolean;
}

export interface SeenJob extends Seen {
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: /** `trouble`: why its pod does not run, in the cluster's words. */
    | { readonly kind: 'running'; readonly trouble?: string | undefined }
    | { readonly kind: 'succeeded'; readonly at: string }
    /** The last words of its last pod. */
    | { readonly kind: 'failed'; readonly at: string; readonly words: string };
}

/** What is in the bucket of the destination's site, of one volume. */
export interface Arrival {
  /** The newest that is there whole; undefined where none is. */
  readonly shipped: SnapshotShipped | undefined;
  /** Why a newer one cannot be used yet. */
  readonly waits: string | undefined;
}

/** Something that is missing, and what has to be created. */
export interface Missing {
  readonly reason: string;
  readonly message: string;
}

export interface Observed {
  /** The site that the cluster stands beside. */
  readonly site: string;
  /** How movers reach it. */
  readonly place:
    | {
        readonly endpoint: string;
        readonly region: string;
        /** Where movers find certificate authorities of its own; undefined where the system's do. */
        readonly caFile?: string | undefined;
      }
    | undefined;
  readonly missing: readonly Missing[];
  readonly claims: readonly SeenClaim[];
  readonly snapshots: readonly SeenSnapshot[];
  readonly jobs: readonly SeenJob[];
  readonly storageClasses: readonly SeenClass[];
  readonly snapshotClasses: readonly SeenClass[];
  /** By the name of the claim at the source. */
  readonly arrivals: ReadonlyMap<string, Arrival>;
  /** Milliseconds since 1970. */
  readonly now: number;
}
