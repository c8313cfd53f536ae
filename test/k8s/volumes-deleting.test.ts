/**
 * Whatever is deleted, at whatever moment of a sync, leaves nothing behind: the sync comes to its end, and when the
 * document goes all that was made for it goes, but what its users keep.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { annotation, label } from '../../infra/cluster/volumes/names.ts';
import { eventually } from '../e2e/awaiting.ts';
import { setupMs } from './cluster.ts';
import { conditionOf, namespace } from './controller-world.ts';
import { keepHouse } from './housekeeping.ts';
import { startVolumesWorld, type VolumesWorld } from './volumes-world.ts';

let world: VolumesWorld;
let house: { stop(): Promise<void> };
beforeAll(async () => {
  world = await startVolumesWorld();
  house = keepHouse(world);
}, setupMs);
afterAll(async () => {
  await house?.stop();
  await world?.stop();
}, 60_000);

const withinMs = 60_000;
/** Before anything is there, after each answer of the cluster, and when all is done. */
const moments = [0, 1, 2, 3, 4, 5];

async function begin(name: string): Promise<void> {
  await world.makeClaim(name);
  await world.annotate(name, { [annotation.quiesce]: 'true' });
  await world.arrive(name, name, 'paris');
  await world.create('VolumeReplication', name, {
    source: { site: 'paris', claim: name },
    trigger: { manual: 'once' },
    repository: { bucket: 'volumes', secretName: 'volumes' },
    destination: { site: 'paris', claim: `${name}-copy` },
  });
}

const annotationsOf = async (name: string): Promise<Readonly<Record<string, string>>> => {
  const found = await world.core.listNamespacedPersistentVolumeClaim({ namespace });
  return found.items.find(({ metadata }) => metadata?.name === name)?.metadata?.annotations ?? {};
};

/** What the application and the cluster have to do next; false where they wait for the controller. */
async function answer(name: string): Promise<boolean> {
  const { snapshots, jobs } = await world.listed(name);
  const { [annotation.requested]: asked, [annotation.quiesced]: quiesced } = await annotationsOf(name);
  const job = jobs.find(({ status }) => !status?.completionTime);
  const snapshot = snapshots.find(({ status }) => !status.readyToUse);
  if (asked !== quiesced) await world.annotate(name, { [annotation.quiesced]: asked ?? null });
  else if (snapshot) await world.makeReady(snapshot.metadata.name);
  else if (job) await world.complete(job);
  else return false;
  return true;
}

/** What it answers to may be gone meanwhile. */
const answered = (name: string): Promise<boolean> => answer(name).catch(() => false);

async function until(name: string, moment: number): Promise<void> {
  for (let done = 0; done < moment; done++) {
    await eventually(async () => expect(await answered(name)).toBe(true), withinMs);
  }
}

/** The cluster goes on, and so does the sync. */
const synced = (name: string) =>
  eventually(async () => {
    await answered(name);
    expect(conditionOf(await world.get('VolumeReplication', name), 'Ready')).toBe('True Synced');
  }, withinMs);

/** What stays of a document that is gone: data, for its users to keep. */
async function leavesNothing(name: string): Promise<void> {
  await world.remove('VolumeReplication', name);
  await eventually(async () => {
    expect(await world.get('VolumeReplication', name)).toBeUndefined();
    const { snapshots, claims, jobs } = await world.listed(name);
    const kept = claims.filter(({ metadata }) => metadata?.labels?.[label.role] === 'restore');
    const images = snapshots.filter(({ metadata }) => metadata.name.startsWith('image-'));
    expect([jobs, claims.length - kept.length, snapshots.length - images.length]).toEqual([[], 0, 0]);
    expect([...kept, ...images].flatMap(({ metadata }) => metadata?.ownerReferences ?? [])).toEqual([]);
    // An application that held still goes on.
    const { [annotation.requested]: asked, [annotation.released]: released } = await annotationsOf(name);
    expect(released).toBe(asked);
  }, withinMs);
}

test('the document', async () => {
  await Promise.all(
    moments.map(async (moment) => {
      const name = `document-${moment}`;
      await begin(name);
      await until(name, moment);

      await leavesNothing(name);
    }),
  );
});

test('its claim', async () => {
  await Promise.all(
    moments.map(async (moment) => {
      const name = `claim-${moment}`;
      await begin(name);
      await until(name, moment);

      await world.core.deleteNamespacedPersistentVolumeClaim({ namespace, name });
      await eventually(async () => {
        await answered(name);
        expect(conditionOf(await world.get('VolumeReplication', name), 'Degraded')).toBe('True ClaimMissing');
        const { claims, snapshots } = await world.listed(name);
        const names = [...claims, ...snapshots].map(({ metadata }) => metadata?.name ?? '');
        expect(names.filter((one) => one.startsWith('ship-'))).toEqual([]);
      }, withinMs);
      // Until the old one has gone its name is taken.
      await eventually(() => world.makeClaim(name), withinMs);

      await synced(name);
      await leavesNothing(name);
    }),
  );
});

test.each(['Job', 'PersistentVolumeClaim', 'VolumeSnapshot'] as const)(
  'each %s that was made',
  async (kind) => {
    await Promise.all(
      moments.slice(1).map(async (moment) => {
        const name = `${kind.slice(0, 3).toLowerCase()}-${moment}`;
        await begin(name);
        await until(name, moment);

        await world.removeMade(kind, { replication: name });

        await synced(name);
        await leavesNothing(name);
      }),
    );
  },
);
