/** What became of an event → what happens to its message, and in which order. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { EventType } from '../../../../events/catalogue.ts';
import type { HeldMessage } from '../../../../infra/host/ports.ts';
import { type Settlement, settle } from '../../../../infra/host/settle.ts';
import { manualClock } from '../../../contract/hosts/manual-clock.ts';
import { draftOf, eventOf, link } from '../../events/samples.ts';

const clock = manualClock(Date.parse('2026-01-02T03:04:05Z'));
let told: unknown[];
let failing: Set<string>;
let to: Settlement;
beforeEach(() => {
  told = [];
  failing = new Set();
  const tell = async (what: string, about: unknown): Promise<void> => {
    if (failing.has(what)) throw new Error(`${what} is away`);
    // Whoever does not wait for it is ahead of it.
    await Promise.resolve();
    told.push([what, about]);
  };
  to = {
    clock,
    log: {
      publish: (publications) =>
        tell(
          'stream',
          publications.map(({ event }) => event.type),
        ),
    },
    ledger: { put: ({ state, attempts, nextTry }) => tell('ledger', { state, attempts, nextTry }) },
    deadLetters: { add: ({ reason, attempts }) => tell('dead letters', { reason, attempts }) },
  };
});

const messageAfter = (attempts: number): HeldMessage => ({
  body: Buffer.from('{}'),
  sequence: 1,
  attempts,
  stored: 0,
  ack: async () => void told.push('ack'),
  nak: (afterMs) => void told.push(['nak', afterMs]),
  working: () => undefined,
});

const settled = (
  result: Parameters<typeof settle>[4],
  { attempts = 0, type = 'com.amazonaws.s3.ObjectCreated:Put' as EventType } = {},
): Promise<void> => settle(to, link, messageAfter(attempts), eventOf(draftOf(type)), result);

const retry = (afterMs: number) =>
  ({ kind: 'retry', afterMs, reason: 'busy', function: 'replicate' }) as const;
const done = (...emitted: ReturnType<typeof draftOf>[]) =>
  ({ kind: 'done', note: 'sent', emitted, function: 'replicate' }) as const;

describe('done', () => {
  test('is acknowledged when what was emitted is on the stream', async () => {
    await settled(done(draftOf('dev.causeway.version.sent.v1')));

    expect(told).toEqual([['stream', ['dev.causeway.version.sent.v1']], 'ack']);
  });

  test('without a follower asks nothing of the stream', async () => {
    failing.add('stream');
    await settled(done());

    expect(told).toEqual(['ack']);
  });

  test('is not acknowledged while the stream is away', async () => {
    failing.add('stream');

    await expect(settled(done(draftOf('dev.causeway.version.sent.v1')))).rejects.toThrow('stream is away');
    expect(told).toEqual([]);
  });
});

describe('a failure', () => {
  test.each([0, 1])('after %d others is handed back, for the wait it asks for', async (attempts) => {
    await settled(retry(700), { attempts });

    expect(told).toEqual([['nak', 700]]);
  });

  test.each([
    [2, 700],
    [9, 700],
    [0, 5_001],
    [0, 600_000],
  ])('after %d others with a wait of %d ms is the ledger’s', async (attempts, afterMs) => {
    await settled(retry(afterMs), { attempts });

    const entry = { state: 'failed', attempts: attempts + 1, nextTry: clock.now() + afterMs };
    expect(told).toEqual([['ledger', entry], 'ack']);
  });

  test('is not acknowledged while the ledger is away', async () => {
    failing.add('ledger');

    await expect(settled(retry(60_000))).rejects.toThrow('ledger is away');
    expect(told).toEqual([]);
  });

  test('of what the schedule brings again is let go', async () => {
    await settled(retry(60_000), { type: 'dev.causeway.scan.due.v1' });

    expect(told).toEqual(['ack']);
  });
});

test('what is not due yet is planned, and spends no try', async () => {
  await settled(
    { kind: 'later', afterMs: 60_000, reason: 'a late PUT', function: 'propagate-delete' },
    { attempts: 2 },
  );

  expect(told).toEqual([['ledger', { state: 'planned', attempts: 0, nextTry: clock.now() + 60_000 }], 'ack']);
});

describe('what no retry can help', () => {
  const parked = { kind: 'park', reason: 'encrypted', function: 'replicate' } as const;

  test('is acknowledged when it is among the dead letters', async () => {
    await settled(parked, { attempts: 1 });

    expect(told).toEqual([['dead letters', { reason: 'encrypted', attempts: 2 }], 'ack']);
  });

  test('is not acknowledged while they are away', async () => {
    failing.add('dead letters');

    await expect(settled(parked)).rejects.toThrow('dead letters is away');
    expect(told).toEqual([]);
  });
});
