/** Who goes in which batch, and when. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BatcherOptions, createBatcher } from '../../../../infra/host/batcher.ts';
import { systemClock } from '../../../../infra/host/system-clock.ts';

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

const gathering = {
  withinMs: 1000,
  clock: systemClock,
  fullBytes: 10,
  sizeOf: ({ bytes }: Item) => (bytes > 5 ? undefined : bytes),
};

test('a lone item goes by itself at once; those that have queued meanwhile go together', async () => {
  const { handled, submit, end } = recorded();

  const results = Promise.all(['a', 'b', 'c', 'd'].map((name) => submit(name)));
  end();
  end();
  await vi.waitFor(() => expect(handled).toHaveLength(3));
  end();

  expect(handled).toEqual(['a', 'b', 'c+d']);
  expect(await results).toEqual(['a', 'b', 'c', 'd']);
});

describe('where they are to gather', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.spyOn(systemClock, 'sleep').mockImplementation(sleep);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    sleepers.length = 0;
  });

  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const sleep = (ms: number): Promise<void> =>
    new Promise((wake) => sleepers.push({ at: Date.now() + ms, wake }));

  async function pass(ms: number): Promise<void> {
    vi.setSystemTime(Date.now() + ms);
    for (const { at, wake } of sleepers.splice(0)) {
      if (at <= Date.now()) wake();
      else sleepers.push({ at, wake });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  test('they leave together when the first has waited long enough', async () => {
    const { handled, submit } = recorded({ gathering });

    submit('a');
    await pass(600);
    submit('b');
    await pass(399);
    const before = [...handled];
    await pass(1);

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
    await pass(999);
    const before = [...handled];
    await pass(1);

    expect(before).toEqual(['a']);
    expect(handled).toEqual(['a', 'b']);
  });
});
