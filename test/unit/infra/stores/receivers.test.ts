/** Which way a stack goes: to which receiver, to another one, once more, as the store itself takes it, or singly. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { StackWritten } from '../../../../events/stack-events.ts';
import type { StackEntry } from '../../../../functions/ports.ts';
import type { Store } from '../../../../infra/stores/index.ts';
import { memoryStore } from '../../../../infra/stores/memory.ts';
import { type Receiver, ReceiverError } from '../../../../infra/stores/receiver.ts';
import { withReceivers } from '../../../../infra/stores/receivers.ts';
import { unpackStack } from '../../../../infra/stores/stack-archive.ts';
import { bytes, plainFacts } from '../../../contract/store/fixture.ts';
import { buckets, newSite } from '../../../contract/store/memory-fixture.ts';

const bucket = buckets.versioned;
type Told = StackWritten['entries'][number];
type Answer = (entry: StackEntry) => Told | undefined;

const written: Answer = ({ ref: { key, versionId }, facts: { etag, size, modified } }) => ({
  ...{ key, versionId, etag, size, modified },
  state: 'written',
});
const failed =
  (again: boolean): Answer =>
  ({ ref: { key, versionId } }) => ({ key, versionId, state: 'failed', reason: 'trouble', again });

interface Fake extends Receiver {
  /** Keys of each stack that came. */
  readonly came: readonly (readonly string[])[];
  answer: Answer;
  isAway: boolean;
}

function fake(url: string): Fake {
  const came: string[][] = [];
  return {
    url,
    came,
    answer: written,
    isAway: false,
    async send(_place, archive) {
      const entries = await unpackStack(archive, bucket);
      came.push(entries.map(({ ref }) => ref.key));
      if (this.isAway) throw new ReceiverError('away');
      return { entries: entries.flatMap((entry) => this.answer(entry) ?? []) };
    },
    places: async () => [],
    close: async () => undefined,
  };
}

function prepare(given: Partial<Store> = {}) {
  const site = newSite();
  const own: Store = { ...memoryStore(site), close: async () => undefined, ...given };
  const [one, other] = [fake('http://one'), fake('http://other')];
  const clock = { at: 0, now: () => clock.at };
  /** The first is asked first, unless a test says otherwise. */
  const chances: number[] = [];
  const reach: string[] = [];
  const { stacking } = withReceivers(own, {
    receivers: [one, other],
    deadlineMs: 1000,
    clock,
    random: () => chances.shift() ?? 0.5,
    onReach: (url, _place, reason) => reach.push(`${url} ${reason ?? 'again'}`),
  });
  if (!stacking) throw new Error('the store in memory takes stacks');
  const unaided = (): number => site.bucket(bucket).versions.page({ prefix: '', limit: 100 }).entries.length;
  return { stacking, one, other, clock, chances, reach, unaided };
}

function entriesOf(...keys: string[]): StackEntry[] {
  const body = bytes('hello');
  return keys.map((key) => ({
    ref: { bucket, key, versionId: randomUUID() },
    facts: plainFacts(body),
    body,
  }));
}

describe('a stack goes', () => {
  test('to the receiver that chance names', async () => {
    const { stacking, one, other, chances, unaided } = prepare();
    chances.push(0.9, 0.1, 0.1, 0.9);

    await stacking.write(bucket, entriesOf('a'));
    await stacking.write(bucket, entriesOf('b'));

    expect([one.came, other.came, unaided()]).toEqual([[['b']], [['a']], 0]);
  });

  test('to another where one fails, which is then let be for ten seconds', async () => {
    const { stacking, one, other, clock, reach } = prepare();
    one.isAway = true;

    await stacking.write(bucket, entriesOf('a'));
    clock.at = 9_999;
    await stacking.write(bucket, entriesOf('b'));
    one.isAway = false;
    clock.at = 10_000;
    await stacking.write(bucket, entriesOf('c'));

    expect(one.came).toEqual([['a'], ['c']]);
    expect(other.came).toEqual([['a'], ['b']]);
    expect(reach).toEqual(['http://one away', 'http://one again']);
  });

  test('as the store itself takes it where none can be used; what it cannot carry is left', async () => {
    const { stacking, one, other, reach, unaided } = prepare();
    one.isAway = other.isAway = true;
    const [plain, held] = entriesOf('plain', 'held');
    if (!plain || !held) throw new Error('no entries');
    const locked: StackEntry = { ...held, facts: { ...held.facts, legalHold: 'ON' } };

    expect(await stacking.write(bucket, [plain, locked])).toEqual([locked]);

    expect(unaided()).toBe(1);
    expect(reach).toEqual(['http://one away', 'http://other away']);
  });

  test('singly where none can be used and the store itself takes no stacks', async () => {
    const { stacking, one, other } = prepare({ stacking: undefined });
    const entries = entriesOf('a', 'b');
    expect(await stacking.write(bucket, entries)).toEqual([]);
    one.isAway = other.isAway = true;

    expect(await stacking.write(bucket, entries)).toEqual(entries);
  });

  test('to a receiver that failed for another bucket', async () => {
    const { stacking, one } = prepare();
    one.isAway = true;
    await stacking.write(buckets.locked, entriesOf('a'));
    one.isAway = false;

    await stacking.write(bucket, entriesOf('b'));

    expect(one.came).toEqual([['a'], ['b']]);
  });

  test('in parts that a receiver takes', async () => {
    const { stacking, one } = prepare();

    await stacking.write(bucket, entriesOf(...Array.from({ length: 1030 }, (_, n) => `${n}`)));

    expect(one.came.map((keys) => keys.length)).toEqual([515, 515]);
  });
});

describe('an entry', () => {
  test.each<[string, Answer]>([
    [
      'that came out otherwise',
      (entry) => ({ ...entry.ref, state: 'written', etag: 'other', size: 5, modified: entry.facts.modified }),
    ],
    [
      'with another time',
      (entry) => ({
        ...entry.ref,
        state: 'written',
        etag: entry.facts.etag,
        size: 5,
        modified: '2027-01-01T00:00:00Z',
      }),
    ],
    ['that failed', failed(true)],
    ['of which nothing is said', () => undefined],
  ])('%s goes in one more stack, alone', async (_, answer) => {
    const { stacking, one } = prepare();
    let tries = 0;
    one.answer = (entry) => (entry.ref.key === 'b' && tries++ === 0 ? answer(entry) : written(entry));

    expect(await stacking.write(bucket, entriesOf('a', 'b', 'c'))).toEqual([]);

    expect(one.came).toEqual([['a', 'b', 'c'], ['b']]);
  });

  test('that fails twice is left to go singly', async () => {
    const { stacking, one } = prepare();
    one.answer = (entry) => (entry.ref.key === 'b' ? failed(true)(entry) : written(entry));

    const left = await stacking.write(bucket, entriesOf('a', 'b'));

    expect(left.map(({ ref }) => ref.key)).toEqual(['b']);
  });

  test('that nothing can help is left at once', async () => {
    const { stacking, one } = prepare();
    one.answer = (entry) => (entry.ref.key === 'b' ? failed(false)(entry) : written(entry));

    const left = await stacking.write(bucket, entriesOf('a', 'b'));

    expect([left.map(({ ref }) => ref.key), one.came]).toEqual([['b'], [['a', 'b']]]);
  });

  test('shown to the second is the same', async () => {
    const { stacking, one } = prepare();
    one.answer = (entry) => ({
      ...entry.ref,
      state: 'written',
      etag: entry.facts.etag,
      size: 5,
      modified: '2026-01-02T03:04:05Z',
    });

    expect(await stacking.write(bucket, entriesOf('a'))).toEqual([]);
    expect(one.came).toHaveLength(1);
  });
});
