/** A site in memory, for the contract suite. */
import { randomUUID } from 'node:crypto';
import { memoryStore } from '../../../infra/stores/memory.ts';
import { memoryClient } from '../../../infra/stores/memory-client.ts';
import { type MemoryNotification, type MemorySite, memorySite } from '../../../infra/stores/memory-site.ts';
import type { SiteUser, StoreFixture } from './fixture.ts';

export const buckets = { versioned: 'versioned', unversioned: 'unversioned', locked: 'locked' };

export function newSite(notified: MemoryNotification[] = []): MemorySite {
  const site = memorySite({
    name: 'paris',
    now: () => BigInt(Date.now()) * 1_000_000n,
    newVersionId: randomUUID,
    notify: (notification) => notified.push(notification),
  });
  site.makeBucket(buckets.versioned);
  site.makeBucket(buckets.unversioned, { versioning: 'off' });
  site.makeBucket(buckets.locked, { objectLock: true });
  return site;
}

function userOf(site: MemorySite): SiteUser {
  const client = memoryClient(site);
  return {
    async put(bucket, key, content, { partSize, ...options } = {}) {
      const parts = partSize === undefined ? {} : { parts: Math.ceil(content.length / partSize) };
      const { versionId } = client.put(bucket, key, content, { ...options, ...parts });
      return { bucket, key, versionId };
    },
    async delete(bucket, key) {
      return { bucket, key, versionId: client.delete(bucket, key)?.versionId ?? '' };
    },
    deleteVersion: async (ref) => void client.deleteVersion(ref),
    putTags: async (ref, tags) => client.putTags(ref, tags),
    async get(bucket, key) {
      const [latest] = site.bucket(bucket).versions.of(key);
      return latest?.marker ? undefined : latest?.content;
    },
  };
}

export async function memoryFixture(): Promise<StoreFixture> {
  const site = newSite();
  return {
    store: memoryStore(site),
    buckets,
    user: userOf(site),
    refusedKeys: [],
    close: async () => undefined,
  };
}
