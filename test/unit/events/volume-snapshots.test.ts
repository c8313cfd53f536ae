/** What the states of a snapshot tell, and what they do not. */
import { expect, test } from 'vitest';
import { decodeEvent, type EventError, encodeEvent } from '../../../events/cloudevent.ts';
import { newsOf, readSnapshot } from '../../../events/sources/volume-snapshots.ts';
import { snapshotSubject, subjectOf } from '../../../events/subjects.ts';

const now = Date.UTC(2026, 0, 2, 3, 5);
const uid = '6f2c1d9e-53a8-4a87-9a38-0d5d0a1b2c3d';

const object = (status?: object, more: object = {}) => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshot',
  metadata: {
    name: 'orders.daily',
    namespace: 'shop',
    uid,
    creationTimestamp: '2026-01-02T03:04:05Z',
    resourceVersion: '17',
    labels: { app: 'orders' },
    annotations: { secret: 'not ours to tell' },
  },
  spec: { source: { persistentVolumeClaimName: 'orders' }, volumeSnapshotClassName: 'fast' },
  ...(status ? { status } : {}),
  ...more,
});
const bound = { boundVolumeSnapshotContentName: 'content-1', creationTime: '2026-01-02T03:04:06Z' };
const failed = (message: string, time: string) => ({ readyToUse: false, error: { message, time } });

/** The types that these states tell, one after another, to one who forgets nothing. */
function told(...objects: readonly unknown[]): string[] {
  let known: ReturnType<typeof newsOf>['known'] | undefined;
  return objects.flatMap((each) => {
    const news = newsOf(readSnapshot('paris', each), known, now);
    known = news.known;
    return news.events.map(({ type }) => type.replace(/^dev\.causeway\.snapshot\.|\.v1$/g, ''));
  });
}
const idsOf = (each: unknown): string[] =>
  newsOf(readSnapshot('paris', each), undefined, now).events.map(({ id }) => id);

test('a life: created, ready when it says so, and each once', () => {
  const notReady = object({ ...bound, readyToUse: false });
  const ready = object({ ...bound, readyToUse: true, restoreSize: '10Gi' });

  expect(told(object(), object(), notReady, notReady, ready, ready)).toEqual(['created', 'ready']);
});

test('a state in between that was not seen changes nothing', () => {
  expect(told(object({ ...bound, readyToUse: true }))).toEqual(['created', 'ready']);
});

test('a bound content, a point in time or a size is not yet readiness', () => {
  expect(told(object({ ...bound, restoreSize: '10Gi' }))).toEqual(['created']);
});

test('ready is told once, even when it is taken back for a while', () => {
  const ready = object({ ...bound, readyToUse: true });

  expect(told(ready, object({ ...bound, readyToUse: false }), ready)).toEqual(['created', 'ready']);
});

test('each attempt that fails is a failure, the same one told again is not', () => {
  const [first, second] = ['2026-01-02T03:04:07Z', '2026-01-02T03:04:17Z'];
  const states = [failed('no space', first), failed('no space', first), failed('no space', second)];

  expect(told(...states.map((status) => object(status)))).toEqual(['created', 'failed', 'failed']);
});

test('an error beside readiness is one of an earlier attempt', () => {
  const status = { ...bound, readyToUse: true, error: { message: 'was busy', time: '2026-01-02T03:04:07Z' } };

  expect(told(object(status))).toEqual(['created', 'ready']);
});

test('its deletion is the last of it, and told once', () => {
  const gone = { ...readSnapshot('paris', object({ ...bound, readyToUse: true })), isGone: true };
  const { events, known } = newsOf(gone, undefined, now);

  expect(events.map(({ type }) => type.split('.')[3])).toEqual(['created', 'ready', 'deleted']);
  expect(newsOf(gone, known, now).events).toEqual([]);
});

test('what can be told once stays known, however many attempts fail in between', () => {
  const failures = Array.from({ length: 40 }, (_, count) =>
    object(failed(`attempt ${count}`, `time ${count}`)),
  );

  expect(told(...failures, object())).toEqual(['created', ...failures.map(() => 'failed')]);
});

test('whoever looks, and whenever, names the facts alike; another object has other facts', () => {
  const ready = object({ ...bound, readyToUse: true });
  const again = object({ ...bound, readyToUse: true, restoreSize: '10Gi' });
  const other = { ...ready, metadata: { ...ready.metadata, uid: 'another' } };

  expect(idsOf(again)).toEqual(idsOf(ready));
  expect(new Set([...idsOf(ready), ...idsOf(other)]).size).toBe(4);
  const gone = { ...readSnapshot('paris', ready), isGone: true };
  const lastIds = [now, now + 1].map((time) => newsOf(gone, undefined, time).events.at(-1)?.id);
  expect(new Set(lastIds).size).toBe(1);
});

test('an event says what the object says, without its annotations, and comes back as it was sent', () => {
  const status = failed('no space', '2026-01-02T03:04:07Z');
  const event = newsOf(readSnapshot('paris', object(status)), undefined, now).events.at(-1);
  if (!event) throw new Error('nothing was told');

  expect(event).toMatchObject({
    type: 'dev.causeway.snapshot.failed.v1',
    source: 'kubernetes:snapshot.paris.shop',
    subject: 'shop/orders.daily',
    partitionkey: 'paris/shop/orders.daily',
    time: '2026-01-02T03:04:07Z',
    data: { uid, source: { claim: 'orders' }, class: 'fast', error: { message: 'no space' } },
  });
  expect(JSON.stringify(event)).not.toContain('not ours');
  expect(decodeEvent(encodeEvent(event))).toEqual(event);
  expect(subjectOf(event)).toMatch(/^causeway\.snapshot\.paris\.shop\.snapshot-failed-v1\.[0-9a-f]{16}$/);
  expect(subjectOf(event).startsWith(snapshotSubject('paris').slice(0, -1))).toBe(true);
});

test('a group of snapshots is told likewise, and its members name it', () => {
  const group = {
    ...object({ boundVolumeGroupSnapshotContentName: 'group-content', readyToUse: true }),
    kind: 'VolumeGroupSnapshot',
    spec: { source: { selector: { matchLabels: { app: 'shop' } } }, volumeGroupSnapshotClassName: 'fast' },
  };

  expect(told(group)).toEqual(['created', 'ready']);
  expect(readSnapshot('paris', group).snapshot).toMatchObject({
    kind: 'VolumeGroupSnapshot',
    source: { labels: { app: 'shop' } },
    class: 'fast',
    content: 'group-content',
  });
  const member = object({ ...bound, volumeGroupSnapshotName: 'nightly' });
  expect(readSnapshot('paris', member).snapshot.group).toBe('nightly');
});

test('what is no snapshot is refused, and the message names the field', () => {
  const wrong: readonly [unknown, RegExp][] = [
    [object(undefined, { kind: 'Pod' }), /kind/],
    [object({ readyToUse: 'true' }), /readyToUse/],
    [object(undefined, { metadata: { name: 'x' } }), /uid/],
    [null, /not a volume snapshot/],
  ];
  for (const [each, words] of wrong) {
    expect(() => readSnapshot('paris', each)).toThrow(
      expect.objectContaining<Partial<EventError>>({ name: 'EventError', kind: 'malformed' }),
    );
    expect(() => readSnapshot('paris', each)).toThrow(words);
  }
});
