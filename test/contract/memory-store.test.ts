/** The store in memory passes what the real ones pass; so what the simulation proves holds for them. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import { memoryStore } from '../../infra/stores/memory.ts';
import { memoryClient } from '../../infra/stores/memory-client.ts';
import type { MemoryNotification } from '../../infra/stores/memory-site.ts';
import { bytes } from './store/fixture.ts';
import { buckets, memoryFixture, newSite } from './store/memory-fixture.ts';
import { describeStore } from './store-contract.ts';

describeStore('memory', memoryFixture);

describe('notifications of the store in memory', () => {
  const bucket = buckets.versioned;

  function prepare() {
    const notified: MemoryNotification[] = [];
    const site = newSite(notified);
    const told = () =>
      notified.splice(0).map(({ name, data }) => `${name.replace(/^Object/, '')} ${data.versionId || '-'}`);
    return { site, told, client: memoryClient(site), store: memoryStore(site) };
  }

  test('of puts tell the version’s exact time', () => {
    const notified: MemoryNotification[] = [];
    const { modified } = memoryClient(newSite(notified)).put(bucket, 'a', bytes('x'));

    expect(notified).toMatchObject([{ sequencer: modified, data: { key: 'a', size: 1 } }]);
  });

  test('of a marker’s deletion say what its creation said, but not in a multi-delete', () => {
    const { client, told } = prepare();
    client.put(bucket, 'a', bytes('x'));
    const [one, other] = [client.delete(bucket, 'a'), client.deleteMany(bucket, [{ key: 'a' }])[0]];
    told();

    client.deleteVersion({ bucket, key: 'a', versionId: one?.versionId ?? '' });
    client.deleteMany(bucket, [{ key: 'a', versionId: other?.versionId }]);

    expect(told()).toEqual([
      `Removed:DeleteMarkerCreated ${one?.versionId}`,
      `Removed:Delete ${other?.versionId}`,
    ]);
  });

  test('of deletes that change nothing name no new marker, but for a multi-delete’s, which is nowhere', async () => {
    const { client, store, told } = prepare();
    client.put(bucket, 'a', bytes('x'));
    const marker = client.delete(bucket, 'a');
    told();

    expect(client.delete(bucket, 'missing')).toBeUndefined();
    expect(client.delete(bucket, 'a')).toBeUndefined();
    expect(client.deleteMany(bucket, [{ key: 'missing' }])).toEqual([undefined]);

    const [noop, again, phantom = ''] = told();
    expect(noop).toBe('Removed:NoOP -');
    expect(again).toBe(`Removed:DeleteMarkerCreated ${marker?.versionId}`);
    const ref: VersionRef = { bucket, key: 'missing', versionId: phantom.split(' ')[1] ?? '' };
    expect(await store.look(ref)).toMatchObject({ state: 'absent' });
  });

  test('are not sent for what replication writes', async () => {
    const { client, store, told } = prepare();
    const { versionId } = client.put(bucket, 'a', bytes('x'));
    const ref = { bucket, key: 'a', versionId };
    told();

    await store.setMetadata(ref, { tags: { a: '1' } });
    await store.putMarker({ ...ref, versionId: randomUUID() }, '2026-01-02T03:04:05Z');
    await store.purge(ref);

    expect(told()).toEqual([]);
  });
});

test('a key’s first marker is a replica from the moment it is there', async () => {
  const site = newSite();
  const ref = { bucket: buckets.versioned, key: 'a', versionId: randomUUID() };
  const shown: unknown[] = [];
  const store = memoryStore(site, {
    async deliver(_request, effect) {
      const answer = effect();
      shown.push(site.bucket(ref.bucket).versions.find('a', ref.versionId)?.replica);
      return answer;
    },
  });

  await store.putMarker(ref, '2026-01-02T03:04:05Z');

  expect(new Set(shown)).toEqual(new Set([undefined, true]));
});
