/** One picture of a link from several processes. */
import { expect, test } from 'vitest';
import type { WrittenStatus } from '../../../../../infra/bus/status-store.ts';
import { mergeStatuses } from '../../../../../infra/cli/status/merge.ts';
import type { LinkStatus } from '../../../../../infra/host/status.ts';

const link = 'photos_east_west';
const written = (status: Partial<LinkStatus>, ageMs = 500): WrittenStatus => ({
  ageMs,
  status: {
    link,
    process: 'one',
    state: 'healthy',
    backlog: 0,
    oldestPendingMs: 0,
    arrived: 10,
    verified: 9,
    failed: 3,
    planned: 2,
    parked: 1,
    restored: 1,
    orphans: 0,
    copied: 0,
    copiedBytes: 0,
    bytes: 100,
    bytesPerSecond: 50,
    at: '2026-03-01T12:00:00Z',
    ...status,
  },
});

test('nobody wrote about it: it does not run', () => {
  const other = written({ link: 'photos_west_east' });
  expect(mergeStatuses(link, [other])).toEqual({
    state: 'not running',
    reason: undefined,
    processes: [],
    arrivalLag: undefined,
    verificationLag: undefined,
    arrived: 0,
    verified: 0,
    restored: 0,
    orphans: 0,
    copied: 0,
    copiedBytes: 0,
    bytesPerSecond: 0,
  });
});

test('who has been silent for more than ten seconds does not run', () => {
  expect(mergeStatuses(link, [written({}, 10_001)]).state).toBe('not running');
  expect(mergeStatuses(link, [written({}, 9_000)]).state).toBe('healthy');
});

test('what each process did adds up; lags are the slowest process’s, arrival and verification apart', () => {
  const merged = mergeStatuses(link, [
    written({ arrivalLag: { p50: 10, p99: 90 }, verificationLag: { p50: 20, p99: 100 } }),
    written({ process: 'two', arrivalLag: { p50: 30, p99: 40 } }),
    written({ process: 'three' }),
  ]);
  expect(merged).toMatchObject({
    processes: ['one', 'two', 'three'],
    arrived: 30,
    verified: 27,
    restored: 3,
    bytesPerSecond: 150,
    arrivalLag: { p50: 30, p99: 90 },
    verificationLag: { p50: 20, p99: 100 },
  });
});

test('a link is paused when every process waits, and says where only some do', () => {
  const waiting = (process: string) => written({ process, state: 'paused', reason: 'site west is away' });
  expect(mergeStatuses(link, [waiting('one'), waiting('two')])).toMatchObject({
    state: 'paused',
    reason: 'site west is away',
  });
  expect(mergeStatuses(link, [waiting('one'), written({ process: 'two' })])).toMatchObject({
    state: 'healthy',
    reason: 'paused in one: site west is away',
  });
});

test('a link that one process finds broken is broken', () => {
  const broken = written({
    process: 'two',
    state: 'broken',
    reason: 'the bucket west/photos does not exist',
  });
  expect(mergeStatuses(link, [written({}), broken])).toMatchObject({
    state: 'broken',
    reason: 'the bucket west/photos does not exist',
  });
});
