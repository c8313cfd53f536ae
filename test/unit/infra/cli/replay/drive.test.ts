/** How a replay publishes: in bounded batches, letters removed only after the stream has their events. */
import { expect, test } from 'vitest';
import { makeEvent } from '../../../../../events/cloudevent.ts';
import { CommandError } from '../../../../../infra/cli/io.ts';
import type { Candidate, NotReplayable } from '../../../../../infra/cli/replay/candidates.ts';
import { drive } from '../../../../../infra/cli/replay/drive.ts';

const candidate = (count: number, letter?: number): Candidate => ({
  stored: new Date(0),
  event: makeEvent(
    {
      type: 'com.amazonaws.s3.ObjectCreated:Put',
      data: { site: 'east', bucket: 'photos', key: `k${count}`, size: 0, eventTime: '2026-03-01T11:00:00Z' },
    },
    { id: `id${count}`, source: 'minio:s3.east.photos', time: '2026-03-01T11:00:00Z' },
  ),
  link: letter === undefined ? undefined : 'photos_east_west',
  letter,
});

const unreadable: NotReplayable = {
  letter: {
    sequence: 9,
    stored: new Date(0),
    link: undefined,
    function: undefined,
    reason: 'not JSON',
    attempts: 1,
    event: undefined,
    body: '{',
  },
  problem: 'its body is no event',
};

function recorder(publishes: (batch: number) => void = () => undefined) {
  const trail: string[] = [];
  let batches = 0;
  return {
    trail,
    to: {
      run: 'run1',
      isDryRun: false,
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      log: {
        async publish(all: readonly { link?: string }[]) {
          batches += 1;
          publishes(batches);
          trail.push(`publish ${all.length}${all[0]?.link ? ` to ${all[0].link}` : ''}`);
        },
      },
      removeLetters: async (letters: readonly number[]) =>
        void (letters.length > 0 && trail.push(`remove ${letters.join()}`)),
      replayed: (_: Candidate, as: string | undefined) => void (as ?? trail.push('listed')),
      notReplayable: ({ problem }: NotReplayable) => void trail.push(problem),
    },
  };
}

async function* give<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

test('publishes batches of 256 and says how many', async () => {
  const { to, trail } = recorder();
  const driven = await drive(give(Array.from({ length: 600 }, (_, count) => candidate(count))), to);
  expect(driven).toEqual({ replayed: 600, notReplayable: 0 });
  expect(trail).toEqual(['publish 256', 'publish 256', 'publish 88']);
});

test('removes a letter after its event is on the stream, and leaves what cannot be replayed', async () => {
  const { to, trail } = recorder();
  const driven = await drive(give([candidate(1, 5), unreadable, candidate(2, 6)]), to);
  expect(driven).toEqual({ replayed: 2, notReplayable: 1 });
  expect(trail).toEqual(['its body is no event', 'publish 2 to photos_east_west', 'remove 5,6']);
});

test('a dry run publishes nothing and removes nothing', async () => {
  const { to, trail } = recorder();
  await drive(give([candidate(1, 5)]), { ...to, isDryRun: true });
  expect(trail).toEqual(['listed']);
});

test('when the stream goes away, says how far it came, and keeps the letters', async () => {
  const { to, trail } = recorder((batch) => {
    if (batch === 2) throw new Error('NATS is away');
  });
  const driven = drive(give(Array.from({ length: 300 }, (_, count) => candidate(count, count))), to);
  await expect(driven).rejects.toThrow(CommandError);
  await expect(driven).rejects.toThrow(/NATS is away; 256 events were replayed before/);
  expect(trail.filter((step) => step.startsWith('remove'))).toHaveLength(1);
});
