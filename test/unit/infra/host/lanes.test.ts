/** Bounded concurrency, one at a time and in order for each key. */
import { describe, expect, test } from 'vitest';
import { createLanes, type Lanes } from '../../../../infra/host/lanes.ts';
import { settled } from '../../../contract/hosts/manual-clock.ts';

/** Work whose end the test decides; what runs and what ran is kept. */
function workshop(lanes: Lanes) {
  const running = new Map<string, () => void>();
  const begun: string[] = [];
  return {
    running,
    begun,
    add(key: string, name: string): void {
      lanes.add(key, () => {
        begun.push(name);
        const { promise, resolve } = Promise.withResolvers<void>();
        running.set(name, resolve);
        return promise;
      });
    },
    async end(name: string): Promise<void> {
      const resolve = running.get(name);
      if (!resolve) throw new Error(`${name} does not run`);
      running.delete(name);
      resolve();
      await settled();
    },
  };
}

describe('work of one key', () => {
  test('is done in the order it came, one at a time', async () => {
    const lanes = createLanes(8);
    const { add, end, begun } = workshop(lanes);
    for (const name of ['a1', 'a2', 'a3']) add('a', name);

    expect(begun).toEqual(['a1']);
    await end('a1');
    expect(begun).toEqual(['a1', 'a2']);
    await end('a2');
    await end('a3');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
  });

  test('that comes when its key is quiet again begins at once', async () => {
    const lanes = createLanes(1);
    const { add, end, begun } = workshop(lanes);
    add('a', 'a1');
    await end('a1');
    add('a', 'a2');

    expect(begun).toEqual(['a1', 'a2']);
  });
});

describe('work of several keys', () => {
  test('is done side by side, as many as the bound', async () => {
    const lanes = createLanes(2);
    const { add, end, running, begun } = workshop(lanes);
    for (const key of ['a', 'b', 'c', 'd']) add(key, key);

    expect([...running.keys()]).toEqual(['a', 'b']);
    await end('b');
    expect([...running.keys()]).toEqual(['a', 'c']);
    await end('a');
    await end('c');
    await end('d');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  test('gets its turn: a busy key does not keep the others out', async () => {
    const lanes = createLanes(1);
    const { add, end, begun } = workshop(lanes);
    for (const name of ['a1', 'a2', 'a3']) add('a', name);
    add('b', 'b1');

    await end('a1');
    expect(begun).toEqual(['a1', 'b1']);
  });

  test('never exceeds the bound, and never runs a key twice at once', async () => {
    const lanes = createLanes(3);
    const running = new Map<string, number>();
    const order = new Map<string, number[]>();
    let most = 0;
    for (let turn = 0; turn < 200; turn++) {
      const key = `key${(turn * 7) % 5}`;
      lanes.add(key, async () => {
        running.set(key, (running.get(key) ?? 0) + 1);
        expect(running.get(key)).toBe(1);
        most = Math.max(
          most,
          [...running.values()].reduce((sum, count) => sum + count, 0),
        );
        if (turn % 3 === 0) await settled();
        order.set(key, [...(order.get(key) ?? []), turn]);
        running.set(key, 0);
      });
    }
    await lanes.idle();

    expect(most).toBe(3);
    for (const turns of order.values()) expect(turns).toEqual(turns.toSorted((one, other) => one - other));
    expect([...order.values()].flat()).toHaveLength(200);
  });
});

describe('when it is idle', () => {
  test('at once, where nothing was added', async () => {
    await expect(createLanes(1).idle()).resolves.toBeUndefined();
  });

  test('not before all that waits is done', async () => {
    const lanes = createLanes(1);
    const { add, end } = workshop(lanes);
    add('a', 'a1');
    add('a', 'a2');
    let isIdle = false;
    const idle = lanes.idle().then(() => {
      isIdle = true;
    });

    expect(lanes.size).toBe(2);
    await end('a1');
    expect([isIdle, lanes.size]).toEqual([false, 1]);
    await end('a2');
    await idle;
    expect(lanes.size).toBe(0);
  });
});
