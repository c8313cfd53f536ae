/** The destination's end of a VolumeReplication, as stories. */
import { expect, test } from 'vitest';
import { orders, Story } from './story.ts';

const reasonOf = ({ verdicts }: ReturnType<Story['plan']>) =>
  verdicts.filter(({ status }) => status === 'True').map(({ type, reason }) => [type, reason]);

function restoredOnce(story: Story): void {
  story.settle();
  story.endJobs();
  story.settle();
  story.cut();
  story.settle();
}

test('what has not arrived whole is waited for, and nothing is made', () => {
  const story = new Story('tokyo');
  story.arrivals.set('orders', { shipped: undefined, waits: '3 of 9 files have not arrived' });

  const planned = story.settle();

  expect(story.manifests).toEqual([]);
  expect(planned.verdicts[1]).toMatchObject({
    status: 'True',
    reason: 'Arriving',
    message: '3 of 9 files have not arrived',
  });
});

test('a shipment fills a claim as the document wants it, and an image of it is taken', () => {
  const spec =
    'destination: { site: tokyo, size: 20Gi, storageClassName: cheap, accessModes: [ReadWriteMany] }';
  const story = new Story('tokyo', orders.replace('destination: { site: tokyo }', spec));
  story.storageClasses.push({ name: 'cheap', isDefault: false });
  story.arrive('one');
  restoredOnce(story);

  const [claim, job, image] = story.manifests;
  expect(story.manifests).toHaveLength(3);
  expect(claim).toMatchObject({
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'orders' },
    spec: {
      storageClassName: 'cheap',
      accessModes: ['ReadWriteMany'],
      resources: { requests: { storage: '20Gi' } },
    },
  });
  expect(JSON.stringify(job)).toContain('"--shipment","shipments/one"');
  expect(image).toMatchObject({
    kind: 'VolumeSnapshot',
    spec: { source: { persistentVolumeClaimName: 'orders' } },
  });
  expect(story.figures).toMatchObject({
    latestImage: { kind: 'VolumeSnapshot', name: image?.metadata.name },
  });
  expect(reasonOf(story.plan())).toEqual([['Ready', 'Synced']]);
  // Data outlives the document, unless it says otherwise.
  expect([claim?.metadata.ownerReferences, image?.metadata.ownerReferences]).toEqual([undefined, undefined]);
  expect(story.jobs).toEqual([]);
});

test('the size is that of the source where the document says none', () => {
  const story = new Story('tokyo');
  story.arrive('one', { size: '7Gi' });
  story.settle();

  expect(story.manifests[0]).toMatchObject({ spec: { resources: { requests: { storage: '7Gi' } } } });
});

test('the next shipment waits until the image of the one before is cut', () => {
  const story = new Story('tokyo');
  story.arrive('one');
  story.settle();
  story.endJobs();
  story.settle();
  story.arrive('two');
  story.settle();
  expect(story.jobs.filter(({ state }) => state.kind === 'running')).toEqual([]);

  story.cut();
  story.settle();

  expect(story.jobs.map(({ name }) => name.endsWith('-two'))).toEqual([true]);
});

test('so many images stay, the newest', () => {
  const story = new Story('tokyo', orders.replace('{ site: tokyo }', '{ site: tokyo, images: 2 }'));
  for (const sync of ['one', 'two', 'three']) {
    story.now += 60_000;
    story.arrive(sync);
    restoredOnce(story);
  }

  expect(story.snapshots.map(({ name }) => name.split('-').at(-1))).toEqual(['two', 'three']);
});

test('a claim of another volumeMode is refused', () => {
  const story = new Story('tokyo');
  story.claim('orders', { volumeMode: 'Block' });
  story.arrive('one');

  expect(reasonOf(story.settle())).toEqual([['Degraded', 'VolumeModeDiffers']]);
  expect(story.manifests).toEqual([]);
});

test('a cluster beside neither site has nothing to do with it', () => {
  const story = new Story('osaka');
  story.claim('orders');

  expect(story.settle().verdicts[0]).toMatchObject({ status: 'Unknown', reason: 'OtherSites' });
  expect(story.manifests).toEqual([]);
});

test('one cluster may be both ends: a clone for tests beside production', () => {
  const story = new Story('paris', orders.replace('{ site: tokyo }', '{ site: paris, claim: orders-test }'));
  story.claim('orders');
  story.settle();
  story.cut();
  story.settle();
  story.endJobs();
  story.settle();
  story.arrive('20260102030000');
  restoredOnce(story);

  expect(story.claims.map(({ name }) => name)).toEqual(['orders', 'orders-test']);
  expect(story.figures.latestImage?.name).toMatch(/^image-orders-/);
});
