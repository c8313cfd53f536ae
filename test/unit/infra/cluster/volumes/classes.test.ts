/** Of which class and of which size volumes are made, and what is said where a class is missing. */
import { expect, test } from 'vitest';
import { orders, Story } from './story.ts';

const degraded = ({ verdicts }: ReturnType<Story['plan']>) =>
  verdicts.flatMap(({ type, status, reason, message }) =>
    type === 'Degraded' && status === 'True' ? [`${reason}: ${message}`] : [],
  );

function atSource(spec = orders): Story {
  const story = new Story('paris', spec);
  story.claim('orders', { storageClassName: 'fast' });
  return story;
}

function atDestination(about: string): Story {
  const story = new Story('tokyo', orders.replace('{ site: tokyo }', `{ site: tokyo${about} }`));
  story.arrive('one');
  return story;
}

const cutting = (story: Story): Story => {
  story.settle();
  story.cut();
  return story;
};

test.each([
  [
    'a VolumeSnapshotClass at the source',
    () => atSource(orders.replace('claim: orders', 'claim: orders, snapshotClassName: gone')),
    'VolumeSnapshotClassMissing: there is no VolumeSnapshotClass gone: create it, or name another in spec.source.snapshotClassName',
  ],
  [
    'a StorageClass at the source',
    () => cutting(atSource(orders.replace('claim: orders', 'claim: orders, storageClassName: gone'))),
    'StorageClassMissing: there is no StorageClass gone: create it, or name another in spec.source.storageClassName',
  ],
  [
    'a StorageClass at the destination',
    () => atDestination(', storageClassName: gone'),
    'StorageClassMissing: there is no StorageClass gone: create it, or name another in spec.destination.storageClassName',
  ],
])('%s that is missing is said, and nothing is made of it until it is there', (_, begin, words) => {
  const story = begin();
  const before = story.manifests.length;
  expect(degraded(story.settle())).toEqual([words]);
  expect(story.manifests).toHaveLength(before);

  story.storageClasses.push({ name: 'gone', isDefault: false });
  story.snapshotClasses.push({ name: 'gone', isDefault: false });

  expect(degraded(story.settle())).toEqual([]);
  expect(story.manifests.length).toBeGreaterThan(before);
});

test.each([
  ['VolumeSnapshotClass', 'snapshotClasses', () => atSource()],
  ['StorageClass', 'storageClasses', () => atDestination('')],
] as const)(
  'no %s that is the default: the document says one, or somebody makes one',
  (kind, which, begin) => {
    const story = begin();
    story[which] = [{ name: 'one', isDefault: false }];
    expect(degraded(story.settle())).toEqual([
      expect.stringContaining(`no ${kind} is the default: create one`),
    ]);

    story[which] = [{ name: 'one', isDefault: true }];

    expect(degraded(story.settle())).toEqual([]);
  },
);

test('an image waits for its VolumeSnapshotClass', () => {
  const story = atDestination(', snapshotClassName: gone');
  story.settle();
  story.endJobs();

  expect(degraded(story.settle())).toEqual([
    'VolumeSnapshotClassMissing: there is no VolumeSnapshotClass gone: create it, or name another in spec.destination.snapshotClassName',
  ]);
});

test('the volume that shows a snapshot is of the class of the source, and as large as the snapshot wants it', () => {
  const story = new Story('paris');
  story.storageClasses = [
    { name: 'fast', isDefault: false },
    { name: 'cheap', isDefault: true },
  ];
  story.claim('orders', { storageClassName: 'fast', size: '1Gi', capacity: '2Gi' });
  story.settle();
  story.cut({ restoreSize: '3221225472' });
  story.settle();

  const [, volume, mover] = story.manifests;
  expect(volume).toMatchObject({
    spec: { storageClassName: 'fast', resources: { requests: { storage: '3221225472' } } },
  });
  // What a destination makes by default holds what the source was given, not what it once asked for.
  expect(JSON.stringify(mover)).toContain('"--size","2Gi"');
});

test('a clone is as large as what it is made of', () => {
  const story = new Story('paris', orders.replace('claim: orders', 'claim: orders, method: Clone'));
  story.claim('orders', { storageClassName: 'fast', size: '500M', capacity: '1Gi' });
  story.settle();

  expect(story.manifests[0]).toMatchObject({ spec: { resources: { requests: { storage: '1Gi' } } } });
});
