/** A cluster in which what was planned is there at once, and everything else happens when the test says so. */
import { parse } from 'yaml';
import type { SnapshotShipped } from '../../../../../events/volume-events.ts';
import type { Manifest } from '../../../../../infra/cluster/volumes/manifests.ts';
import type {
  Arrival,
  Missing,
  SeenClaim,
  SeenClass,
  SeenJob,
  SeenSnapshot,
} from '../../../../../infra/cluster/volumes/observed.ts';
import { type Figures, type PlannedVolumes, planVolumes } from '../../../../../infra/cluster/volumes/plan.ts';
import {
  type VolumeReplication,
  volumeReplicationSchema,
} from '../../../../../infra/config/volume-replication.ts';

export function document(spec: string): VolumeReplication {
  return volumeReplicationSchema.parse({
    apiVersion: 'causeway.dev/v1alpha1',
    kind: 'VolumeReplication',
    metadata: { name: 'orders' },
    spec: parse(spec),
  });
}

export const orders = `
source: { site: paris, claim: orders }
trigger: { schedule: "*/10 * * * *" }
repository: { bucket: volumes, secretName: volumes }
destination: { site: tokyo }`;

export const start = Date.parse('2026-01-02T03:04:05Z');

export class Story {
  now = start;
  claims: SeenClaim[] = [];
  snapshots: SeenSnapshot[] = [];
  jobs: SeenJob[] = [];
  manifests: Manifest[] = [];
  missing: Missing[] = [];
  storageClasses: SeenClass[] = [{ name: 'fast', isDefault: true }];
  snapshotClasses: SeenClass[] = [{ name: 'cut', isDefault: true }];
  generation = 1;
  arrivals = new Map<string, Arrival>();
  figures: Figures = {};
  spec: VolumeReplication['spec'];
  readonly site: string;
  #uids = 0;

  constructor(site: string, spec = orders) {
    this.site = site;
    this.spec = document(spec).spec;
  }

  get time(): string {
    return new Date(this.now).toISOString();
  }

  claim(name: string, about: Partial<SeenClaim> = {}): void {
    this.claims.push({
      ...{ name, uid: `claim-${++this.#uids}`, labels: {}, annotations: {}, createdAt: this.time },
      ...{ volumeMode: 'Filesystem', size: '10Gi', accessModes: ['ReadWriteOnce'], phase: 'Bound' },
      ...{ capacity: undefined, storageClassName: undefined },
      ...about,
    });
  }

  snapshot(name: string, about: Partial<SeenSnapshot> = {}): void {
    this.snapshots.push({
      ...{ name, uid: `snapshot-${++this.#uids}`, labels: {}, createdAt: this.time },
      ...{ claim: 'orders', isReady: false, takenAt: undefined, restoreSize: undefined, error: undefined },
      ...about,
    });
  }

  /** Somebody changes the document. */
  change(spec: string): void {
    this.spec = document(spec).spec;
    this.generation += 1;
  }

  plan(): PlannedVolumes {
    const owner = {
      name: 'orders',
      namespace: 'shop',
      uid: 'uid',
      generation: this.generation,
      spec: this.spec,
    };
    const { site, claims, snapshots, jobs, missing, arrivals, now, storageClasses, snapshotClasses } = this;
    const place = { endpoint: `https://s3.${site}.example`, region: 'us-east-1' };
    const classes = { storageClasses, snapshotClasses };
    const observed = { site, place, claims, snapshots, jobs, ...classes, missing, arrivals, now };
    return planVolumes(owner, this.figures, observed, 'causeway:test');
  }

  /** Does what is planned, until nothing is. */
  settle(): PlannedVolumes {
    for (let turns = 0; turns < 20; turns++) {
      const planned = this.plan();
      const isSame = JSON.stringify(planned.figures) === JSON.stringify(this.figures);
      this.figures = planned.figures;
      if (isSame && planned.create.length + planned.remove.length + planned.annotate.length === 0)
        return planned;
      for (const manifest of planned.create) this.#make(manifest);
      const gone = new Set(planned.remove.map(({ uid }) => uid));
      this.claims = this.claims.filter(({ uid }) => !gone.has(uid));
      this.snapshots = this.snapshots.filter(({ uid }) => !gone.has(uid));
      this.jobs = this.jobs.filter(({ uid }) => !gone.has(uid));
      for (const { claim, annotations } of planned.annotate) this.annotate(claim, annotations);
    }
    throw new Error('it never comes to rest');
  }

  annotate(name: string, annotations: Readonly<Record<string, string>>): void {
    this.claims = this.claims.map((claim) =>
      claim.name === name ? { ...claim, annotations: { ...claim.annotations, ...annotations } } : claim,
    );
  }

  #make(manifest: Manifest): void {
    this.manifests.push(manifest);
    const { name, labels, annotations = {} } = manifest.metadata;
    switch (manifest.kind) {
      case 'VolumeSnapshot':
        this.snapshot(name, { labels, claim: manifest.spec.source.persistentVolumeClaimName });
        break;
      case 'PersistentVolumeClaim':
        this.claim(name, { labels, phase: 'Pending' });
        break;
      case 'Job':
        this.jobs.push({
          ...{ name, uid: `job-${++this.#uids}`, labels, annotations, createdAt: this.time },
          state: { kind: 'running' },
        });
    }
  }

  /** The snapshotter has cut every snapshot. */
  cut(about: Partial<SeenSnapshot> = {}): void {
    this.snapshots = this.snapshots.map((one) =>
      one.isReady ? one : { ...one, isReady: true, takenAt: this.time, ...about },
    );
  }

  endJobs(state: SeenJob['state'] = { kind: 'succeeded', at: this.time }): void {
    this.jobs = this.jobs.map((job) => (job.state.kind === 'running' ? { ...job, state } : job));
  }

  arrive(sync: string, about: Partial<SnapshotShipped> = {}): void {
    const shipped: SnapshotShipped = {
      volume: { site: 'paris', namespace: 'shop', replication: 'orders', claim: 'orders' },
      ...{ sync, takenAt: this.time, size: '10Gi', snapshot: '0a'.repeat(32), shippedAt: this.time },
      ...{ content: { files: 1, bytes: 1 }, added: 1, needs: { files: 1, bytes: 1 } },
      shipment: `shipments/${sync}`,
      ...about,
    };
    this.arrivals.set('orders', { shipped, waits: undefined });
  }
}
