/** Objects that are deleted, or changed, while a sync is under way: what can go on goes on, the rest is made anew or goes. */
import { expect, test } from 'vitest';
import { orders, Story, start } from './story.ts';

const once = orders.replace(/schedule: .*\}/, 'manual: once }');
const nightly = orders.replace(/schedule: .*\}/, 'snapshots: any }');
const reasonOf = ({ verdicts }: ReturnType<Story['plan']>) => verdicts[0]?.reason;
const kinds = ({ claims, snapshots, jobs }: Story): readonly number[] =>
  [claims, snapshots, jobs].map(({ length }) => length);

/** A mover is under way. */
function shipping(spec = once): Story {
  const story = new Story('paris', spec);
  story.claim('orders');
  story.settle();
  story.cut();
  story.settle();
  expect(story.jobs).toHaveLength(1);
  return story;
}

/** A restore is under way. */
function restoring(): Story {
  const story = new Story('tokyo');
  story.arrive('one');
  story.settle();
  expect(story.jobs).toHaveLength(1);
  return story;
}

test.each([
  ['the snapshot, before a volume of it is there', (story: Story) => void story.snapshots.pop()],
  ['the volume that shows the snapshot', (story: Story) => void story.claims.pop()],
  ['the mover', (story: Story) => void story.jobs.pop()],
])('what is lost of a sync is made anew: %s', (_, lose) => {
  const story = shipping();
  lose(story);

  story.settle();
  story.cut();
  story.settle();

  expect(kinds(story)).toEqual([2, 1, 1]);
  story.endJobs();
  expect(reasonOf(story.settle())).toBe('Synced');
  expect(kinds(story)).toEqual([1, 0, 0]);
});

test('a snapshot that goes when its volume is there is needed no more', () => {
  const story = shipping();
  story.claims = story.claims.map((claim) => ({ ...claim, phase: 'Bound' }));
  story.snapshots = [];
  story.settle();
  expect(story.manifests).toHaveLength(3);

  story.endJobs();

  expect(reasonOf(story.settle())).toBe('Synced');
});

test('a claim that goes while its last state is shipped: that comes to its end, and nothing is left', () => {
  const story = shipping();
  story.claims = story.claims.filter(({ name }) => name !== 'orders');
  expect(reasonOf(story.settle())).toBe('ClaimMissing');
  expect(story.jobs).toHaveLength(1);

  story.endJobs();

  expect(reasonOf(story.settle())).toBe('ClaimMissing');
  expect(kinds(story)).toEqual([0, 0, 0]);
  expect(story.figures).toMatchObject({ lastManualSync: 'once' });
});

test('a claim that goes before its state is shipped leaves nothing', () => {
  const story = new Story('paris', once);
  story.claim('orders');
  story.settle();
  story.claims = [];

  expect(reasonOf(story.settle())).toBe('ClaimMissing');
  expect(kinds(story)).toEqual([0, 0, 0]);
});

test.each([
  ['another claim', once.replace('claim: orders', 'claim: mail'), 'ClaimMissing'],
  [
    'a selector that does not find it',
    once.replace('claim: orders', 'selector: { matchLabels: { a: b } }'),
    'NoVolumes',
  ],
  ['a method of others', once.replace('claim: orders', 'claim: orders, method: mirror'), 'NotOurs'],
  ['another site', once.replace('paris', 'osaka'), 'OtherSites'],
])('a document that is changed leaves nothing of what it said before: %s', (_, spec, reason) => {
  const story = shipping();
  story.change(spec);

  expect(reasonOf(story.settle())).toBe(reason);
  expect(kinds(story)).toEqual([1, 0, 0]);
});

test('a restore whose claim went begins anew, before and after it has ended', () => {
  for (const end of [() => undefined, (story: Story) => story.endJobs()]) {
    const story = restoring();
    end(story);
    story.claims = [];
    story.now += 60_000;
    story.settle();

    expect([story.claims.map(({ name }) => name), story.jobs.map(({ state }) => state.kind)]).toEqual([
      ['orders'],
      ['running'],
    ]);
    expect(story.snapshots).toEqual([]);
  }
});

test('a filled claim that is lost is filled again; no image is taken of what is not in it', () => {
  const story = restoring();
  story.endJobs();
  story.settle();
  expect(story.snapshots).toHaveLength(1);
  story.claims = [];
  story.claim('orders');

  story.settle();
  expect([story.snapshots, story.jobs.map(({ state }) => state.kind)]).toEqual([[], ['running']]);
  story.endJobs();
  story.settle();
  story.cut();

  expect(reasonOf(story.settle())).toBe('Synced');
  expect(story.snapshots).toHaveLength(1);
});

test('what hangs is made anew when the document names another Secret', () => {
  for (const story of [shipping(), restoring()]) {
    story.endJobs({ kind: 'running', trouble: 'secret "volumes" not found' });
    story.settle();
    story.change(JSON.stringify({ ...story.spec, repository: { bucket: 'volumes', secretName: 'other' } }));

    story.settle();

    expect(story.jobs.map(({ state }) => state)).toEqual([{ kind: 'running' }]);
    expect(JSON.stringify(story.manifests.at(-1))).toContain('"name":"other"');
  }
});

test('a snapshot that fails is taken anew when the document names another class', () => {
  const story = new Story('paris', once);
  story.claim('orders');
  story.settle();
  story.cut({ isReady: false, takenAt: undefined, error: 'the driver is another' });
  expect(reasonOf(story.settle())).toBe('SnapshotFailed');
  story.snapshotClasses.push({ name: 'other', isDefault: false });
  story.change(once.replace('claim: orders', 'claim: orders, snapshotClassName: other'));

  story.settle();

  expect(story.snapshots.map(({ error }) => error)).toEqual([undefined]);
  expect(story.manifests.at(-1)).toMatchObject({ spec: { volumeSnapshotClassName: 'other' } });
});

test("somebody else's snapshot that is deleted while it is shipped is let go of", () => {
  const story = new Story('paris', nightly);
  story.claim('orders');
  story.snapshot('nightly', { isReady: true, takenAt: story.time });
  story.settle();
  expect(kinds(story)).toEqual([2, 1, 1]);
  story.snapshots = [];

  story.settle();

  expect(kinds(story)).toEqual([1, 0, 0]);
});

test('an older snapshot that becomes ready meanwhile does not disturb the one that is being shipped', () => {
  const story = new Story('paris', nightly);
  story.claim('orders');
  story.snapshot('second', { isReady: true, takenAt: story.time });
  story.settle();
  const made = story.manifests.length;
  story.snapshot('first', { isReady: true, takenAt: new Date(start - 60_000).toISOString() });

  story.settle();

  expect(story.manifests).toHaveLength(made);
});

test('two snapshots of one second are both shipped', () => {
  const story = new Story('paris', nightly);
  story.claim('orders');
  for (const name of ['one', 'other']) story.snapshot(name, { isReady: true, takenAt: story.time });
  for (const _ of [1, 2, 3]) {
    story.settle();
    story.endJobs();
  }

  expect(story.manifests.filter(({ kind }) => kind === 'Job')).toHaveLength(2);
  expect(reasonOf(story.settle())).toBe('Synced');
});
