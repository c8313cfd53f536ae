/** What a function answers or throws, as a value; and the waits between tries. */
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../../functions/define.ts';
import {
  RefusedError,
  RetryableError,
  SiteUnavailableError,
  TerminalError,
} from '../../../../functions/errors.ts';
import { functions } from '../../../../functions/index.ts';
import { replicate } from '../../../../functions/replicate.ts';
import { backoff, resultOfWork, route } from '../../../../infra/host/invoke.ts';

const [low, high] = [() => 0, () => 1 - Number.EPSILON];
const resultOf = (work: () => Promise<Outcome>, attempts = 0) =>
  resultOfWork(replicate, work, { attempts, random: low });
const thrown = (error: unknown, attempts = 0) => resultOf(() => Promise.reject(error), attempts);

describe('the wait before the next try', () => {
  test.each([
    [0, 500, 1_000],
    [1, 1_000, 2_000],
    [2, 2_000, 4_000],
    [5, 16_000, 32_000],
    [9, 256_000, 512_000],
    [10, 300_000, 600_000],
    [1_000_000, 300_000, 600_000],
  ])('after %d failed tries is from %d to %d ms', (attempts, least, most) => {
    expect([backoff(attempts, low), backoff(attempts, high)]).toEqual([least, most]);
  });

  test('can be bounded otherwise', () => {
    expect(backoff(30, high, 5_000)).toBe(5_000);
  });
});

describe('what a function makes of an event', () => {
  test('is what it answers, with its name', async () => {
    const outcome: Outcome = { kind: 'done', note: 'sent', emitted: [] };

    expect(await resultOf(async () => outcome)).toEqual({ ...outcome, function: 'replicate' });
  });

  test('is a retry when it throws what may pass', async () => {
    expect(await thrown(new RetryableError('busy'), 2)).toEqual({
      kind: 'retry',
      afterMs: 2_000,
      reason: 'busy',
      function: 'replicate',
    });
  });

  test('waits as long as the other side told, and never less than its own turn', async () => {
    expect(await thrown(new RetryableError('busy', { afterMs: 7_000 }))).toMatchObject({ afterMs: 7_000 });
    expect(await thrown(new RetryableError('busy', { afterMs: 1 }), 5)).toMatchObject({ afterMs: 16_000 });
    expect(await thrown(new RefusedError('tokyo', 'AccessDenied', 'no'))).toMatchObject({
      kind: 'retry',
      afterMs: 30_000,
    });
  });

  test('is a dead letter when it throws what no retry can help', async () => {
    expect(await thrown(new TerminalError('encrypted'))).toMatchObject({ kind: 'park', reason: 'encrypted' });
  });

  test('is the news that a site is away', async () => {
    expect(await thrown(new SiteUnavailableError('tokyo', 'refused'))).toMatchObject({
      kind: 'unavailable',
      site: 'tokyo',
    });
  });

  test.each([new TypeError('undefined is not a function'), 'text', undefined])(
    'is a retry when it throws %s',
    async (error) => {
      expect(await thrown(error)).toMatchObject({ kind: 'retry', afterMs: 500 });
    },
  );

  test('is a retry when it throws before it waits for anything', async () => {
    const work = (): Promise<Outcome> => {
      throw new Error('at once');
    };

    expect(await resultOf(work)).toMatchObject({ kind: 'retry', reason: 'at once' });
  });
});

test('each type goes to the function that takes it', () => {
  const to = route(functions);

  expect(to('com.amazonaws.s3.ObjectCreated:Put')?.name).toBe('replicate');
  expect(to('dev.causeway.scan.due.v1')?.name).toBe('scan-retry');
  expect(to('dev.causeway.dead-letter.v1')).toBeUndefined();
});
