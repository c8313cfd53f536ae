/** The source's end of a VolumeReplication, as stories. */
import { expect, test } from 'vitest';
import { document, orders, Story, start } from './story.ts';

const minutes = (count: number): number => count * 60_000;
const condition = ({ verdicts }: ReturnType<Story['plan']>, wanted: string) =>
  verdicts.find(({ type }) => type === wanted);

function shippedOnce(story: Story): void {
  story.settle();
  story.cut();
  story.settle();
  story.endJobs();
  story.settle();
}

test('a snapshot is taken, shown by a volume of its own, shipped, and all that was made for it goes', () => {
  const story = new Story('paris');
  story.claim('orders');

  story.settle();
  expect(story.snapshots.map(({ claim }) => claim)).toEqual(['orders']);
  expect(story.jobs).toEqual([]);
  story.cut();
  story.settle();
  const job = story.manifests.find(({ kind }) => kind === 'Job');
  expect(JSON.stringify(job)).toContain('--taken-at","2026-01-02T03:04:05.000Z"');
  story.now += minutes(1);
  story.endJobs();
  const done = story.settle();

  expect([story.claims.map(({ name }) => name), story.snapshots, story.jobs]).toEqual([['orders'], [], []]);
  expect(condition(done, 'Ready')).toMatchObject({ status: 'True', reason: 'Synced' });
  expect(story.figures).toMatchObject({
    lastSyncTime: '2026-01-02T03:05:05.000Z',
    lastSyncDuration: '60s',
    nextSyncTime: '2026-01-02T03:10:00Z',
    missedIntervals: 0,
    volumes: [{ claim: 'orders', shipped: { sync: '20260102030000', takenAt: '2026-01-02T03:04:05.000Z' } }],
  });
});

test('everything that is made goes with the document', () => {
  const story = new Story('paris');
  story.claim('orders');
  shippedOnce(story);

  expect(story.manifests.map(({ kind }) => kind)).toEqual(['VolumeSnapshot', 'PersistentVolumeClaim', 'Job']);
  for (const { metadata } of story.manifests) {
    expect(metadata.ownerReferences).toMatchObject([
      { kind: 'VolumeReplication', name: 'orders', uid: 'uid' },
    ]);
    expect(metadata.name.length).toBeLessThanOrEqual(63);
  }
});

test('secrets are named, never told', () => {
  const story = new Story('paris');
  story.claim('orders');
  shippedOnce(story);
  const job = story.manifests.find((manifest) => manifest.kind === 'Job');
  const [mover] = job?.kind === 'Job' ? (job.spec?.template.spec?.containers ?? []) : [];

  expect(mover?.args?.[0]).toBe('/app/ship-snapshot.mjs');
  expect(
    mover?.env?.every(
      ({ value, valueFrom }) => value === undefined && valueFrom?.secretKeyRef?.name === 'volumes',
    ),
  ).toBe(true);
});

test('the next time of the schedule begins the next sync; those in between are counted as missed', () => {
  const story = new Story('paris');
  story.claim('orders');
  shippedOnce(story);
  story.now = start + minutes(1);
  expect(story.settle().create).toEqual([]);

  story.now = Date.parse('2026-01-02T03:40:30Z');
  shippedOnce(story);

  expect(story.figures).toMatchObject({
    missedIntervals: 3,
    volumes: [{ shipped: { sync: '20260102034000' } }],
  });
});

test('while a sync fails, the times that pass without one are counted', () => {
  const story = new Story('paris');
  story.claim('orders');
  shippedOnce(story);
  story.now = Date.parse('2026-01-02T03:10:30Z');
  story.settle();
  story.cut();
  story.settle();
  story.endJobs({ kind: 'failed', at: story.time, words: 'AccessDenied' });
  const counted = [];
  for (const minute of [1, 10, 20, 30]) {
    story.now = Date.parse('2026-01-02T03:10:30Z') + minutes(minute);
    counted.push(story.plan().figures.missedIntervals);
  }
  // The last one that has come may still have its sync.
  expect(counted).toEqual([0, 0, 1, 2]);

  shippedOnce(story);
  expect(story.figures.missedIntervals).toBe(2);
  shippedOnce(story);
  expect(story.figures.missedIntervals).toBe(2);
});

test('a sync that is under way when the next one is due comes to its end first', () => {
  const story = new Story('paris');
  story.claim('orders');
  story.settle();
  story.now += minutes(20);

  story.cut();
  story.settle();

  expect(story.snapshots.length + story.jobs.length).toBe(2);
  expect(story.jobs[0]?.name).toContain('20260102030000');
});

test('a clone is made of the claim itself; a direct one is read where it is', () => {
  for (const [method, kinds] of [
    ['Clone', ['PersistentVolumeClaim', 'Job']],
    ['Direct', ['Job']],
  ] as const) {
    const story = new Story('paris', orders.replace('claim: orders }', `claim: orders, method: ${method} }`));
    story.claim('orders');
    story.settle();

    expect(story.manifests.map(({ kind }) => kind)).toEqual(kinds);
    const [first] = story.manifests;
    if (first?.kind === 'PersistentVolumeClaim') {
      expect(first.spec?.dataSource).toEqual({ kind: 'PersistentVolumeClaim', name: 'orders' });
    }
  }
});

test('a method that is not known is left to whoever knows it', () => {
  const story = new Story('paris', orders.replace('claim: orders }', 'claim: orders, method: ceph-mirror }'));
  story.claim('orders');

  const planned = story.settle();

  expect(story.manifests).toEqual([]);
  expect(condition(planned, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'NotOurs' });
});

test('by hand: once for each word', () => {
  const story = new Story('paris', orders.replace(/schedule: .*\}/, 'manual: first }'));
  story.claim('orders');
  shippedOnce(story);
  expect(story.figures).toMatchObject({ lastManualSync: 'first' });
  story.now += minutes(60);
  expect(story.settle().create).toEqual([]);

  story.spec = { ...story.spec, trigger: { manual: 'second' } };
  story.settle();

  expect(story.snapshots).toHaveLength(1);
});

test('any snapshot of the claim that appears is shipped when it is ready, oldest first, and stays', () => {
  const story = new Story('paris', orders.replace(/schedule: .*\}/, 'snapshots: any }'));
  story.claim('orders');
  story.snapshot('nightly');
  story.snapshot('of-others', { claim: 'mail', isReady: true });
  expect(story.settle().create).toEqual([]);

  story.cut();
  story.now += 1000;
  story.snapshot('second', { isReady: true, takenAt: story.time });
  story.settle();
  const [volume] = story.manifests;
  expect(volume?.kind === 'PersistentVolumeClaim' && volume.spec?.dataSource?.name).toBe('nightly');
  story.endJobs();
  story.settle();
  expect(story.jobs).toHaveLength(1);
  story.endJobs();
  story.settle();

  expect(story.snapshots.map(({ name }) => name)).toEqual(['nightly', 'of-others', 'second']);
  expect(story.figures.volumes?.[0]?.shipped?.takenAt).toBe('2026-01-02T03:04:06.000Z');
});

test('what fails is said, in the words of what failed, and tried again later', () => {
  const story = new Story('paris');
  story.claim('orders');
  story.settle();
  story.cut({ isReady: false, takenAt: undefined, error: 'exceeded quota of snapshots' });
  expect(condition(story.settle(), 'Degraded')).toMatchObject({
    status: 'True',
    reason: 'SnapshotFailed',
    message: expect.stringContaining('exceeded quota of snapshots'),
  });
  story.cut({ error: undefined });
  story.settle();
  story.endJobs({ kind: 'failed', at: story.time, words: 'AccessDenied' });
  expect(condition(story.settle(), 'Degraded')).toMatchObject({
    reason: 'MoverFailed',
    message: expect.stringContaining('AccessDenied'),
  });
  expect(story.jobs).toHaveLength(1);

  story.now += minutes(6);
  story.settle();

  expect(story.jobs.map(({ state }) => state.kind)).toEqual(['running']);
});

test('what is missing is said with what to create, and nothing is made', () => {
  const story = new Story('paris');
  expect(condition(story.settle(), 'Ready')).toMatchObject({ status: 'False', reason: 'ClaimMissing' });
  story.claim('orders');
  story.missing.push({ reason: 'SecretMissing', message: 'there is no Secret volumes' });

  expect(condition(story.settle(), 'Ready')).toMatchObject({ reason: 'SecretMissing' });
  expect(story.manifests).toEqual([]);
});

test('a mover whose pod waits says why, and what to create where a Secret is missing', () => {
  const story = new Story('paris', orders.replace('claim: orders }', 'claim: orders, method: Direct }'));
  story.claim('orders');
  story.settle();
  story.endJobs({ kind: 'running', trouble: 'no node has room' });
  expect(condition(story.settle(), 'Progressing')).toMatchObject({ status: 'True', reason: 'MoverWaits' });

  story.endJobs({ kind: 'running', trouble: 'secret "volumes" not found' });

  expect(condition(story.settle(), 'Degraded')).toMatchObject({
    status: 'True',
    reason: 'SecretMissing',
    message:
      'secret "volumes" not found: create Secret volumes with accessKeyId, secretAccessKey and password',
  });
});

test('a block volume is refused', () => {
  const story = new Story('paris');
  story.claim('orders', { volumeMode: 'Block' });

  expect(condition(story.settle(), 'Degraded')).toMatchObject({
    status: 'True',
    reason: 'VolumeModeUnsupported',
  });
});

test('paused, what is under way ends and nothing begins', () => {
  const story = new Story('paris');
  story.claim('orders');
  story.settle();
  story.spec = { ...story.spec, paused: true };
  shippedOnce(story);
  story.now += minutes(60);

  expect(condition(story.settle(), 'Ready')).toMatchObject({ status: 'True', reason: 'Paused' });
  expect([story.jobs, story.snapshots]).toEqual([[], []]);
});

test('every claim with the labels is a volume of its own', () => {
  const story = new Story(
    'paris',
    orders.replace('claim: orders', 'selector: { matchLabels: { app: shop } }'),
  );
  for (const name of ['orders-0', 'orders-1']) story.claim(name, { labels: { app: 'shop' } });
  story.claim('mail');
  shippedOnce(story);

  expect(story.figures.volumes?.map(({ claim, shipped }) => [claim, shipped?.sync])).toEqual([
    ['orders-0', '20260102030000'],
    ['orders-1', '20260102030000'],
  ]);
});

test.each([
  ['two triggers', orders.replace('trigger: {', 'trigger: { manual: x,')],
  ['no trigger', orders.replace(/trigger: .*/, 'trigger: {}')],
  ['a schedule that is none', orders.replace('*/10 * * * *', 'every day')],
  [
    'a claim and a selector',
    orders.replace('claim: orders', 'claim: orders, selector: { matchLabels: { a: b } }'),
  ],
  ['a copy onto itself', orders.replace('tokyo', 'paris')],
])('%s is refused', (_, spec) => {
  expect(() => document(spec)).toThrow();
});
