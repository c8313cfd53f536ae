/** A status is written when it differs: news at once, figures seldom. */
import { beforeEach, expect, test } from 'vitest';
import { type ClusterObject, readObject } from '../../../../infra/cluster/cluster-object.ts';
import type { Verdict } from '../../../../infra/cluster/conditions.ts';
import { createStatusWriter, type StatusWriter } from '../../../../infra/cluster/status-writer.ts';
import { type ManualClock, manualClock } from '../../../contract/hosts/manual-clock.ts';

let clock: ManualClock;
let writer: StatusWriter;
let object: ClusterObject;
let writes: number;
let told: string[];

beforeEach(() => {
  clock = manualClock(Date.parse('2026-01-01T00:00:00Z'));
  [writes, told] = [0, []];
  const metadata = { name: 'photos', namespace: 'causeway', uid: 'u', resourceVersion: '1', generation: 1 };
  const read = readObject({ metadata });
  if (!read) throw new Error('it is no object');
  object = read;
  writer = createStatusWriter({
    clock,
    writer: {
      async setStatus(_object, status) {
        writes += 1;
        object = { ...object, status: JSON.parse(JSON.stringify(status)) };
      },
    },
    async onNews(_object, { status, reason }) {
      told.push(`${status} ${reason}`);
    },
  });
});

const ready = (status: Verdict['status'], message = ''): Verdict[] => [
  { type: 'Ready', status, reason: status === 'True' ? 'Replicating' : 'Paused', message },
];
const write = (verdicts: Verdict[], figures = {}) => writer.write(object, { verdicts, figures });

test('what is there already is not written', async () => {
  await write(ready('True'), { backlog: 1 });
  await clock.advance(60_000);
  await write(ready('True'), { backlog: 1 });

  expect(writes).toBe(1);
});

test('other figures wait for half a minute, and say how long', async () => {
  await write(ready('True'), { backlog: 1 });
  await clock.advance(10_000);
  expect(await write(ready('True'), { backlog: 2 })).toBe(20_000);
  await clock.advance(20_000);
  expect(await write(ready('True'), { backlog: 3 })).toBe(undefined);

  expect(writes).toBe(2);
  expect(object.status).toMatchObject({ backlog: 3 });
});

test('news are written after a second at most, with the figures of the moment', async () => {
  await write(ready('True'), { backlog: 1 });
  expect(await write(ready('False', 'tokyo is away'), { backlog: 9 })).toBe(1000);
  await clock.advance(1000);
  await write(ready('False', 'tokyo is away'), { backlog: 9 });

  expect(writes).toBe(2);
  expect(object.status).toMatchObject({
    backlog: 9,
    conditions: [{ status: 'False', message: 'tokyo is away', lastTransitionTime: '2026-01-01T00:00:01Z' }],
  });
});

test('the time of a condition is that of its last turn, and another generation is news', async () => {
  await write(ready('True'));
  await clock.advance(5000);
  object = { ...object, metadata: { ...object.metadata, generation: 2 } };
  await write(ready('True'));

  expect(object.status).toMatchObject({
    observedGeneration: 2,
    conditions: [{ lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 2 }],
  });
});

test('that Ready turned, or has another reason, is told once', async () => {
  for (const message of ['', '', 'other words']) {
    await write(ready('True', message));
    await clock.advance(30_000);
  }
  await write(ready('False'));

  expect(told).toEqual(['True Replicating', 'False Paused']);
});

test('a figure that is no more goes from the status', async () => {
  await write(ready('True'), { backlog: 1 });
  await clock.advance(30_000);
  await write(ready('True'), { backlog: undefined });

  expect(object.status).not.toHaveProperty('backlog');
});
