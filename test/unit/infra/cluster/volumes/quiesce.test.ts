/** An application that holds still for a point in time is never left waiting. */
import { expect, test } from 'vitest';
import { annotation } from '../../../../../infra/cluster/volumes/names.ts';
import { orders, Story } from './story.ts';

const annotationsOf = ({ claims: [claim] }: Story) => claim?.annotations ?? {};
const wordOf = (story: Story): string => annotationsOf(story)[annotation.requested] ?? '';
const isHeld = (story: Story): boolean => wordOf(story) !== annotationsOf(story)[annotation.released];
const answer = (story: Story): void => story.annotate('orders', { [annotation.quiesced]: wordOf(story) });

function asked(spec = orders): Story {
  const story = new Story('paris', spec);
  story.claim('orders', { annotations: { [annotation.quiesce]: 'true' } });
  expect(story.settle().verdicts[1]).toMatchObject({ status: 'True', reason: 'Quiescing' });
  expect([story.snapshots, story.jobs, isHeld(story)]).toEqual([[], [], true]);
  return story;
}

test('it is asked to hold still, and told when it may go on', () => {
  const story = asked();
  expect(wordOf(story)).toBe('orders/20260102030000');

  answer(story);
  story.settle();
  expect([story.snapshots.length, isHeld(story)]).toEqual([1, true]);
  story.cut();
  story.settle();

  expect(isHeld(story)).toBe(false);
});

test.each(['Clone', 'Direct'])('with method %s it may go on when its volume is read no more', (method) => {
  const story = asked(orders.replace('claim: orders }', `claim: orders, method: ${method} }`));
  answer(story);
  story.settle();
  expect(isHeld(story)).toBe(true);

  if (method === 'Clone') story.claims = story.claims.map((claim) => ({ ...claim, phase: 'Bound' }));
  else story.endJobs();
  story.settle();

  expect(isHeld(story)).toBe(false);
});

test('while a mover waits for its next try it may go on, and is asked anew by another word', () => {
  const story = asked(orders.replace('claim: orders }', 'claim: orders, method: Direct }'));
  answer(story);
  story.settle();
  const first = wordOf(story);
  story.endJobs({ kind: 'failed', at: story.time, words: 'AccessDenied' });
  story.settle();
  expect(isHeld(story)).toBe(false);

  story.now += 6 * 60_000;
  story.settle();

  expect([wordOf(story) === first, isHeld(story), story.jobs]).toEqual([false, true, []]);
});

test.each([
  ['is paused', (story: Story) => story.change(`${orders}\npaused: true`)],
  ['speaks of another claim', (story: Story) => story.change(orders.replace('claim: orders', 'claim: mail'))],
  [
    'is for another operator',
    (story: Story) => story.change(orders.replace(' }\ntrigger', ', method: x }\ntrigger')),
  ],
  [
    'waits for another trigger',
    (story: Story) => story.change(orders.replace(/schedule: .*\}/, 'snapshots: any }')),
  ],
])('it may go on when the document that asked %s', (_, change) => {
  const story = asked();

  change(story);
  story.settle();

  expect(isHeld(story)).toBe(false);
});

test('one document waits for the other, and lets nobody go whom the other holds', () => {
  const story = asked();
  const word = 'others/20260102030000';
  story.annotate('orders', { [annotation.requested]: word, [annotation.quiesced]: word });

  story.settle();
  expect([story.snapshots, wordOf(story)]).toEqual([[], word]);
  story.annotate('orders', { [annotation.released]: word });
  story.settle();

  expect(wordOf(story)).toBe('orders/20260102030000');
});
