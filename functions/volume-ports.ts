/**
 * A volume's content on its way, as the functions about volumes see it: the mounted directory, the encrypted repository
 * in a bucket at the same site, and the shipments beside it that say what came together. Every method may be called
 * again; all throw the errors of errors.ts.
 */
import type { SnapshotShipped, Volume } from '../events/volume-events.ts';
import type { Clock } from './ports.ts';

export interface StoredVolume {
  /** Of restic: 64 hexadecimal digits. */
  readonly snapshot: string;
  readonly content: { readonly files: number; readonly bytes: number };
  /** Bytes that were new to the repository. */
  readonly added: number;
}

/** How many snapshots stay in a repository; undefined where none is kept for such a period. */
export interface Retention {
  readonly last: number;
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
}

export interface Repository {
  /** Makes it where there is none. */
  prepare(): Promise<void>;
  /**
   * Takes over what another site has written. Its index may tell of content that did not come along, and what is stored
   * next must not lean on that.
   */
  adopt(): Promise<void>;
  /** Reads the whole directory; throws, and keeps nothing, where a part of it could not be read. */
  store(about: {
    readonly volume: Volume;
    readonly sync: string;
    readonly takenAt: string;
  }): Promise<StoredVolume>;
  /** Lets go of the snapshots that nothing keeps; resolves to those that are kept, to undefined while somebody else works. */
  forget(retention: Retention): Promise<readonly string[] | undefined>;
  /** Removes what no snapshot needs; does nothing while somebody else works. */
  prune(): Promise<void>;
  /** Makes the directory what the snapshot says: what is not in it is removed. Everything written is read again. */
  restore(stored: Pick<StoredVolume, 'snapshot' | 'content'>): Promise<void>;
}

/** A file of the repository; all but one are named by the hash of their content. */
export interface RepositoryFile {
  readonly name: string;
  readonly size: number;
}

/** What its name says of a shipment. */
export type ShipmentName = Pick<SnapshotShipped, 'shipment' | 'sync' | 'takenAt' | 'snapshot'> & {
  readonly site: string;
};

export interface Shipment {
  readonly shipped: SnapshotShipped;
  /** Every file that the repository needs to restore the snapshot, by name. There may be millions. */
  files(): AsyncIterable<RepositoryFile>;
}

export interface Shipments {
  /** By the points in time, oldest first. */
  list(): Promise<readonly ShipmentName[]>;
  /** Undefined where it is not, or not yet. */
  read(shipment: string): Promise<Shipment | undefined>;
  /** Of every file that is there now; resolves to what it says. */
  write(about: Omit<SnapshotShipped, 'needs'>): Promise<SnapshotShipped>;
  remove(shipment: string): Promise<void>;
  /** What is there of the repository, by name. */
  files(): AsyncIterable<RepositoryFile>;
}

export interface VolumeContext {
  /** The site whose bucket this is. */
  readonly site: string;
  readonly repository: Repository;
  readonly shipments: Shipments;
  readonly retention: Retention;
  readonly clock: Clock;
}
