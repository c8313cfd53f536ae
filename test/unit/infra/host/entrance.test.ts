/** What a source tells twice is let in once, and never answered for before it is on the stream. */
import { describe, expect, test } from 'vitest';
import type { CausewayEvent } from '../../../../events/cloudevent.ts';
import { createEntrance } from '../../../../infra/host/entrance.ts';
import { everyEvent } from '../../events/samples.ts';

const [sample] = everyEvent;
const eventOf = (id: string): CausewayEvent => {
  if (!sample) throw new Error('there is an event of every type');
  return { ...sample, id };
};
const [a, b, c] = [eventOf('a'), eventOf('b'), eventOf('c')];

function stream() {
  const ids: string[] = [];
  const state = { ids, taking: Promise.resolve() };
  const log = {
    async publish(publications: readonly { readonly event: CausewayEvent }[]) {
      await state.taking;
      ids.push(...publications.map(({ event }) => event.id));
    },
  };
  return { state, log };
}

test('what comes twice is let in once', async () => {
  const { state, log } = stream();
  const { admit } = createEntrance(log);

  expect(await admit([a, b])).toEqual([a, b]);
  expect(await admit([b, c])).toEqual([c]);
  expect(state.ids).toEqual(['a', 'b', 'c']);
});

test('what comes again meanwhile waits for the first', async () => {
  const { state, log } = stream();
  const { admit } = createEntrance(log);
  const taking = Promise.withResolvers<void>();
  state.taking = taking.promise;
  const first = admit([a]);
  let isAnswered = false;
  const second = admit([a]).finally(() => {
    isAnswered = true;
  });
  await new Promise(setImmediate);
  expect(isAnswered).toBe(false);
  taking.resolve();

  expect([await first, await second]).toEqual([[a], []]);
  expect(state.ids).toEqual(['a']);
});

test('what could not be stored fails for both, and is let in when it comes again', async () => {
  const { state, log } = stream();
  const { admit } = createEntrance(log);
  state.taking = Promise.reject(new Error('NATS is away'));
  const both = await Promise.allSettled([admit([a]), admit([a])]);
  state.taking = Promise.resolve();

  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await admit([a])).toEqual([a]);
});

describe('the same bytes', () => {
  const body = Buffer.from('{}');
  function prepare() {
    const { once } = createEntrance(stream().log, 2);
    let taken = 0;
    const take = (site: string, what = body, answer: () => Promise<string> = async () => 'taken') =>
      once(site, what, () => {
        taken += 1;
        return answer();
      });
    return { take, count: () => taken };
  }

  test('from one site are taken once, and answered alike', async () => {
    const { take, count } = prepare();

    expect(await Promise.all([take('paris'), take('paris'), take('paris')])).toEqual(Array(3).fill('taken'));
    expect(count()).toBe(1);
  });

  test('from another site, and other bytes, are something else', async () => {
    const { take, count } = prepare();
    await Promise.all([take('paris'), take('tokyo'), take('paris', Buffer.from('{} '))]);

    expect(count()).toBe(3);
  });

  test('that could not be taken are taken when they come again', async () => {
    const { take, count } = prepare();

    await expect(take('paris', body, () => Promise.reject(new Error('NATS is away')))).rejects.toThrow();
    await take('paris');

    expect(count()).toBe(2);
  });

  test('are forgotten after a while', async () => {
    const { take, count } = prepare();
    for (const what of ['a', 'b', 'c', 'a']) await take('paris', Buffer.from(what));

    expect(count()).toBe(4);
  });
});

test('what was told long ago is forgotten', async () => {
  const { state, log } = stream();
  const { admit } = createEntrance(log, 2);
  for (const event of [a, b, c, a]) await admit([event]);

  expect(state.ids).toEqual(['a', 'b', 'c', 'a']);
});
