/** Who goes in which batch, and when. */
import { beforeEach, describe, expect, test } from 'vitest';
import { type BatcherOptions, createBatcher, type Gathering } from '../../../../infra/host/batcher.ts';
import { type ManualClock, manualClock, settled } from '../../../contract/hosts/manual-clock.ts';

interface Item {
  readonly name: string;
  readonly bytes: number;
}

/** What was handled together, in order; each batch ends when the test says so. */
function recorded(options: Partial<BatcherOptions<Item, string>> = {}) {
  const handled: string[] = [];
  const ends: (() => void)[] = [];
  const held = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
  const batcher = createBatcher<Item, string>({
    ...{ singlesAtOnce: 1, batchesAtOnce: 1, mostInBatch: 3, ...options },
    async one({ name }) {
      handled.push(name);
      await held();
      return name;
    },
    many(items) {
      handled.push(items.map(({ name }) => name).join('+'));
      const ended = held();
      return items.map(({ name }) => ended.then(() => name));
    },
  });
  const submit = (name: string, bytes = 1): Promise<string> => batcher.submit({ name, bytes });
  return { handled, submit, hurry: batcher.hurry, end: () => ends.shift()?.() };
}

test('a lone item goes by itself at once; those that have queued meanwhile go together', async () => {
  const { handled, submit, end } = recorded();

  const results = Promise.all(['a', 'b', 'c', 'd'].map((name) => submit(name)));
  for (const _ of ['a', 'b', 'c+d']) {
    end();
    await settled();
  }

  expect(handled).toEqual(['a', 'b', 'c+d']);
  expect(await results).toEqual(['a', 'b', 'c', 'd']);
});

describe('where they are to gather', () => {
  let clock: ManualClock;
  let gathering: Gathering<Item>;
  beforeEach(() => {
    clock = manualClock(1000);
    gathering = {
      ...{ withinMs: 1000, clock, fullBytes: 10 },
      sizeOf: ({ bytes }) => (bytes > 5 ? undefined : bytes),
    };
  });

  test('they leave together when the first has waited long enough', async () => {
    const { handled, submit } = recorded({ gathering });

    submit('a');
    await clock.advance(600);
    submit('b');
    await clock.advance(399);
    const before = [...handled];
    await clock.advance(1);

    expect(before).toEqual([]);
    expect(handled).toEqual(['a+b']);
  });

  test('they leave at once when there are as many, or as large, as a batch takes', () => {
    const many = recorded({ gathering });
    const large = recorded({ gathering });

    for (const name of ['a', 'b', 'c']) many.submit(name);
    for (const name of ['d', 'e']) large.submit(name, 5);

    expect([many.handled, large.handled]).toEqual([['a+b+c'], ['d+e']]);
  });

  test('what gains nothing by company does not wait', () => {
    const { handled, submit } = recorded({ gathering });

    submit('small');
    submit('large', 6);

    expect(handled).toEqual(['large']);
  });

  test('they leave at once when they are hurried, and later ones gather again', async () => {
    const { handled, submit, hurry, end } = recorded({ gathering });

    submit('a');
    hurry();
    submit('b');
    end();
    await clock.advance(999);
    const before = [...handled];
    await clock.advance(1);

    expect(before).toEqual(['a']);
    expect(handled).toEqual(['a', 'b']);
  });
});
