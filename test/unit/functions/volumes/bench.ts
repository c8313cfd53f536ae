/** A repository and its bucket in memory, which note what was done to them. */
import type { SnapshotShipped, VolumeDue } from '../../../../events/volume-events.ts';
import type { RepositoryFile, Shipment, VolumeContext } from '../../../../functions/volume-ports.ts';
import { readShipmentName, shipmentName } from '../../../../functions/volumes/shipment-name.ts';
import { volumeEvent } from '../../../../infra/volumes/run.ts';

export const due: VolumeDue = {
  volume: { site: 'paris', namespace: 'shop', replication: 'orders', claim: 'orders' },
  sync: 'one',
  takenAt: '2026-01-02T03:04:05.000Z',
};

export class Bucket {
  readonly done: string[] = [];
  files: RepositoryFile[] = [];
  readonly shipments = new Map<string, Shipment>();
  kept: string[] | undefined = [];
  #stored = 0;

  at(site: string): VolumeContext {
    const { done } = this;
    const note = async (what: string): Promise<void> => void done.push(what);
    return {
      site,
      retention: { last: 1 },
      clock: { now: () => Date.parse('2026-01-02T03:05:05Z'), sleep: async () => undefined },
      repository: {
        prepare: () => note('prepare'),
        adopt: () => note('adopt'),
        prune: () => note('prune'),
        restore: ({ snapshot }) => note(`restore ${snapshot.slice(0, 2)}`),
        forget: async () => {
          done.push('forget');
          return this.kept;
        },
        store: async () => {
          done.push('store');
          this.#stored += 1;
          const snapshot = String(this.#stored).padStart(2, '0').repeat(32);
          this.files.push({ name: `snapshots/${snapshot}`, size: 1 }, { name: `data/${snapshot}`, size: 10 });
          return { snapshot, content: { files: 1, bytes: 10 }, added: 10 };
        },
      },
      shipments: {
        list: async () =>
          [...this.shipments.keys()].toSorted().flatMap((name) => readShipmentName(name) ?? []),
        read: async (name) => this.shipments.get(name),
        write: async (about) => {
          done.push('write');
          const files = [...this.files];
          const bytes = files.reduce((sum, { size }) => sum + size, 0);
          const shipped = { ...about, needs: { files: files.length, bytes } };
          this.shipments.set(about.shipment, { shipped, files: () => oneByOne(files) });
          return shipped;
        },
        remove: async (name) => {
          done.push('remove');
          this.shipments.delete(name);
        },
        files: () => oneByOne(this.files),
      },
    };
  }

  /** What was shipped before, from a site. */
  before(site: string, sync: string, digit: string): SnapshotShipped {
    const snapshot = digit.repeat(64);
    const takenAt = `2026-01-01T00:00:0${digit}.000Z`;
    const shipped: SnapshotShipped = {
      ...due,
      ...{ sync, takenAt, snapshot, shippedAt: takenAt, content: { files: 0, bytes: 0 }, added: 0 },
      needs: { files: 0, bytes: 0 },
      shipment: shipmentName({ site, sync, takenAt, snapshot }),
    };
    this.shipments.set(shipped.shipment, { shipped, files: () => oneByOne([]) });
    return shipped;
  }
}

/** By name, as a bucket lists them. */
export async function* oneByOne(files: readonly RepositoryFile[]): AsyncGenerator<RepositoryFile> {
  yield* files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

export const dueEvent = (sync = 'one') =>
  volumeEvent({ type: 'dev.causeway.volume.due.v1', data: { ...due, sync } }, 0);
export const shippedEvent = (data: SnapshotShipped) =>
  volumeEvent({ type: 'dev.causeway.snapshot.shipped.v1', data }, 0);
