import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createAcks } from '../../../../infra/bus/acks.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('sends together what was acknowledged within a few milliseconds, in its order', () => {
  const sent: string[] = [];
  const acks = createAcks(10);

  acks.add(() => sent.push('first'));
  vi.advanceTimersByTime(9);
  acks.add(() => sent.push('second'));
  const before = [...sent];
  vi.advanceTimersByTime(1);

  expect(before).toEqual([]);
  expect(sent).toEqual(['first', 'second']);
});

it('lets no more than a bounded number wait', () => {
  let sent = 0;
  const acks = createAcks(10);

  for (let number = 0; number < 300; number++) acks.add(() => (sent += 1));

  expect(sent).toBe(256);
});

it('sends what waits when it is closed, and at once what comes later', () => {
  const sent: string[] = [];
  const acks = createAcks(10);
  acks.add(() => sent.push('before'));

  acks.close();
  acks.add(() => sent.push('after'));

  expect(sent).toEqual(['before', 'after']);
});
