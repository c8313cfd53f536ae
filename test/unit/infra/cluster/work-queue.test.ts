/** Work by name: once for several askings, never twice at a time, later each time it fails. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorkQueue, type WorkQueue } from '../../../../infra/cluster/work-queue.ts';
import { type ManualClock, manualClock, settled } from '../../../contract/hosts/manual-clock.ts';

let clock: ManualClock;
let end: AbortController;
let queue: WorkQueue;
let begun: string[];
let failures: number[];
let running: Map<string, PromiseWithResolvers<number | undefined>>;

beforeEach(() => {
  clock = manualClock(0);
  end = new AbortController();
  [begun, failures, running] = [[], [], new Map()];
  queue = createWorkQueue({
    work(name) {
      begun.push(name);
      const held = Promise.withResolvers<number | undefined>();
      running.set(name, held);
      return held.promise;
    },
    onFailure: (_name, _error, againAfterMs) => failures.push(againAfterMs),
    concurrency: 2,
    clock,
    signal: end.signal,
    random: () => 1,
  });
});
afterEach(() => end.abort());

async function finish(name: string, again?: number): Promise<void> {
  running.get(name)?.resolve(again);
  await settled();
}
async function fail(name: string): Promise<void> {
  running.get(name)?.reject(new Error('no'));
  await settled();
}

describe('what is asked for', () => {
  test('several times before its turn is done once', async () => {
    for (const name of ['a', 'a', 'a']) queue.add(name);
    await clock.advance(0);
    await finish('a');
    await clock.advance(1000);

    expect(begun).toEqual(['a']);
  });

  test('while it runs is done once more, after it', async () => {
    queue.add('a');
    await clock.advance(0);
    queue.add('a');
    queue.add('a');
    await clock.advance(0);
    expect(begun).toEqual(['a']);
    await finish('a');
    await clock.advance(0);

    expect(begun).toEqual(['a', 'a']);
  });

  test('for later and then for sooner is done sooner, and once', async () => {
    queue.add('a', 5000);
    queue.add('a', 100);
    await clock.advance(99);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(['a']);
    await finish('a');
    await clock.advance(10_000);

    expect(begun).toEqual(['a']);
  });
});

test('as many run at a time as the bound allows', async () => {
  for (const name of ['a', 'b', 'c']) queue.add(name);
  await clock.advance(0);
  expect(begun).toEqual(['a', 'b']);
  await finish('a');
  await clock.advance(0);

  expect(begun).toEqual(['a', 'b', 'c']);
});

test('what says when comes again then', async () => {
  queue.add('a');
  await clock.advance(0);
  await finish('a', 3000);
  await clock.advance(2999);
  expect(begun).toEqual(['a']);
  await clock.advance(1);

  expect(begun).toEqual(['a', 'a']);
});

test('what fails comes again, later each time, and soon again once it went well', async () => {
  queue.add('a');
  for (const ms of [0, 200, 400]) {
    await clock.advance(ms);
    await fail('a');
  }
  await clock.advance(800);
  await finish('a');
  queue.add('a');
  await clock.advance(0);
  await fail('a');

  expect(failures).toEqual([200, 400, 800, 200]);
});

test('nothing begins after the end', async () => {
  queue.add('a', 100);
  await clock.advance(0);
  end.abort();
  await clock.advance(1000);

  expect(begun).toEqual([]);
});
