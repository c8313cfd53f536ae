/** One draft of every event type, and the keys that break things. */
import { type EventType, eventTypes } from '../../../events/catalogue.ts';
import { type CausewayEvent, type Draft, makeEvent } from '../../../events/cloudevent.ts';
import type { VersionFacts } from '../../../events/object-events.ts';
import type { Snapshot } from '../../../events/snapshot-events.ts';
import type { SnapshotShipped } from '../../../events/volume-events.ts';

export const oddKeys = [
  'a.jpg',
  'with space',
  'plus+and%20percent%',
  'ünïcode 日本語 😀',
  `quotes'"and\``,
  'amp&semi;eq=q?#',
  'back\\slash',
  'bell\u0007',
  'new\nline\r\n',
  'nul\u0000',
  'bidi\u202eabc',
  'lone surrogate \ud800',
  'directory/',
  '/',
  '__proto__',
  'x'.repeat(1024),
];

export const facts: VersionFacts = {
  size: 5,
  etag: 'c1d0e44b09d5ac52f90f463fe410fc88',
  modified: '2026-01-02T03:04:05.123456789Z',
  headers: { 'content-type': 'image/jpeg' },
  metadata: { who: 'Zoë' },
  tags: { kind: 'cat' },
  retention: { mode: 'GOVERNANCE', until: '2030-01-01T00:00:00Z' },
  legalHold: 'ON',
};

export const link = 'photos_paris_tokyo';

export const snapshot: Snapshot = {
  cluster: 'paris',
  kind: 'VolumeSnapshot',
  namespace: 'shop',
  name: 'orders.2026-01-02',
  uid: '6f2c1d9e-53a8-4a87-9a38-0d5d0a1b2c3d',
  labels: { 'app.kubernetes.io/name': 'orders' },
  createdAt: '2026-01-02T03:04:05Z',
  source: { claim: 'orders' },
  class: 'fast',
  group: 'nightly',
  content: 'snapcontent-6f2c1d9e-53a8-4a87-9a38-0d5d0a1b2c3d',
  takenAt: '2026-01-02T03:04:06Z',
  restoreSize: '10Gi',
};

export const shipped: SnapshotShipped = {
  volume: { site: 'paris', namespace: 'shop', replication: 'orders', claim: 'orders-0' },
  sync: '20260102030405',
  takenAt: '2026-01-02T03:04:05.000Z',
  size: '10Gi',
  snapshot: '0a'.repeat(32),
  shippedAt: '2026-01-02T03:05:05.000Z',
  content: { files: 2, bytes: 12 },
  added: 7,
  needs: { files: 5, bytes: 100 },
  shipment: `shipments/20260102030405000_paris_20260102030405_${'0a'.repeat(32)}.json`,
};

/** With all that the type's data may hold. */
export function draftOf(
  type: EventType,
  key = 'a.jpg',
  bucket = 'photos',
  versionId = '11111111-1111-4111-8111-111111111111',
): Draft {
  const version = { bucket, key, versionId };
  const due = { link, ...version, reason: 'missing' as const };
  const arrived = { site: 'tokyo', ...version, modified: facts.modified, via: ['paris'] };
  switch (type) {
    case 'dev.causeway.version.due.v1':
      return { type, data: { ...due, modified: facts.modified, round: 1 } };
    case 'dev.causeway.versions.due.v1':
      return { type, data: { link, versions: [{ key, versionId, modified: facts.modified, size: 5 }] } };
    case 'dev.causeway.version.sent.v1':
      return {
        type,
        data: {
          link,
          ...version,
          expected: facts,
          sentAt: '2026-01-02T03:04:06.000Z',
          via: ['paris'],
          round: 0,
        },
      };
    case 'dev.causeway.version.arrived.v1':
    case 'dev.causeway.metadata.arrived.v1':
    case 'dev.causeway.delete.arrived.v1':
      return { type, data: arrived };
    case 'dev.causeway.metadata.due.v1':
      return { type, data: due };
    case 'dev.causeway.delete.due.v1':
      return { type, data: { ...due, modified: facts.modified } };
    case 'dev.causeway.purge.recheck.v1':
      return { type, data: { link, ...version, notBefore: '2026-01-02T03:05:05.000Z' } };
    case 'dev.causeway.scan.due.v1':
      return { type, data: { link, slot: '2026-01-02T03:04:00.000Z' } };
    case 'dev.causeway.snapshot.created.v1':
    case 'dev.causeway.snapshot.ready.v1':
    case 'dev.causeway.snapshot.deleted.v1':
      return { type, data: snapshot };
    case 'dev.causeway.snapshot.failed.v1':
      return {
        type,
        data: { ...snapshot, error: { message: 'no space left', time: '2026-01-02T03:04:08Z' } },
      };
    case 'dev.causeway.volume.due.v1': {
      const { volume, sync, takenAt, size } = shipped;
      return { type, data: { volume, sync, takenAt, size } };
    }
    case 'dev.causeway.snapshot.shipped.v1':
      return { type, data: shipped };
    case 'dev.causeway.snapshot.restored.v1':
      return { type, data: { ...shipped, at: 'tokyo', restoredAt: '2026-01-02T03:06:05.000Z' } };
    case 'dev.causeway.dead-letter.v1':
      return { type, data: { link, function: 'replicate', reason: 'why', attempts: 1, event: '{}' } };
    default:
      return {
        type,
        data: {
          site: 'paris',
          ...version,
          size: facts.size,
          etag: facts.etag,
          modified: facts.modified,
          eventTime: '2026-01-02T03:04:05.125Z',
          requestId: '18EA06157CCB981A',
          userAgent: 'camera/1.0',
        },
      };
  }
}

export const eventOf = (draft: Draft, id = 'an-id'): CausewayEvent =>
  makeEvent(draft, { id, source: 'test', time: '2026-01-02T03:04:05.125Z' });

export const everyEvent: readonly CausewayEvent[] = eventTypes.map((type) => eventOf(draftOf(type)));
