/** Objects as the API server shows them, and what is made of them. */
import { expect, test } from 'vitest';
import { label } from '../../../../../infra/cluster/volumes/names.ts';
import {
  readClaim,
  readJob,
  readSnapshotObject,
  troubleOfPods,
} from '../../../../../infra/cluster/volumes/read.ts';

const metadata = {
  name: 'orders',
  namespace: 'shop',
  uid: 'a-uid',
  resourceVersion: '7',
  creationTimestamp: '2026-01-02T03:04:05Z',
};
const time = '2026-01-02T03:05:05Z';

test('a claim that is being deleted is told from one that stays', () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const going = { ...metadata, deletionTimestamp: time };

  expect(readClaim({ metadata, spec })).toMatchObject({
    isGoing: false,
    seen: { size: '1Gi', volumeMode: 'Filesystem', phase: 'Pending', annotations: {} },
  });
  expect(readClaim({ metadata: going, spec })?.isGoing).toBe(true);
  expect(readClaim({ metadata: { name: 'x' }, spec })).toBeUndefined();
});

test('a snapshot is ready when its status says so, and an error is told in its words', () => {
  const spec = { source: { persistentVolumeClaimName: 'orders' } };
  const read = (status?: object) =>
    readSnapshotObject({ metadata, spec, ...(status ? { status } : {}) })?.seen;

  expect(read()).toMatchObject({ claim: 'orders', isReady: false, error: undefined });
  expect(read({ readyToUse: true, creationTime: time })).toMatchObject({ isReady: true, takenAt: time });
  expect(read({ readyToUse: false, error: { message: 'full' } })).toMatchObject({ error: 'full' });
});

test('a Job is what its conditions say; those of others are left alone', () => {
  const ours = { ...metadata, labels: { [label.replication]: 'orders' } };
  const stateOf = (status: object) => readJob({ metadata: ours, status })?.seen.state;
  const holds = (type: string, message?: string) => ({
    type,
    status: 'True',
    lastTransitionTime: time,
    message,
  });

  expect(stateOf({})).toEqual({ kind: 'running' });
  expect(stateOf({ conditions: [{ ...holds('Complete'), status: 'False' }] })).toEqual({ kind: 'running' });
  expect(stateOf({ completionTime: time, conditions: [holds('Complete')] })).toEqual({
    kind: 'succeeded',
    at: time,
  });
  expect(stateOf({ conditions: [holds('Failed', 'too often')] })).toEqual({
    kind: 'failed',
    at: time,
    words: 'too often',
  });
  expect(readJob({ metadata, status: {} })).toBeUndefined();
});

test('the newest pod says what hinders it', () => {
  const pod = (creationTimestamp: string, status: object) => ({ metadata: { creationTimestamp }, status });
  const waits = {
    containerStatuses: [{ state: { waiting: { reason: 'x', message: 'secret "volumes" not found' } } }],
  };
  const ended = { containerStatuses: [{ state: { terminated: { message: 'AccessDenied\n' } } }] };
  const unscheduled = { conditions: [{ type: 'PodScheduled', status: 'False', message: 'no node' }] };

  expect(troubleOfPods({ items: [pod('2026-01-01', ended), pod('2026-01-02', waits)] })).toBe(
    'secret "volumes" not found',
  );
  expect(troubleOfPods({ items: [pod('2026-01-03', ended), pod('2026-01-02', waits)] })).toBe('AccessDenied');
  expect(troubleOfPods({ items: [pod('2026-01-01', unscheduled)] })).toBe('no node');
  expect(troubleOfPods({ items: [pod('2026-01-01', {})] })).toBeUndefined();
});
