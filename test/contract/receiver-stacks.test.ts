/** Stacks that go through a receiver arrive as any store's do: what its site's own unpacking cannot carry goes too. */

import { systemClock } from '../../infra/host/system-clock.ts';
import type { Store } from '../../infra/stores/index.ts';
import { openReceiver } from '../../infra/stores/receiver.ts';
import { withReceivers } from '../../infra/stores/receivers.ts';
import type { StoreFixture } from './store/fixture.ts';
import { memoryFixture } from './store/memory-fixture.ts';
import { minioFixture } from './store/minio-fixture.ts';
import { receiverAt, token } from './store/receiver-fixture.ts';
import { describeStacks } from './store-contract.ts';

async function aided(fixture: StoreFixture): Promise<StoreFixture> {
  const host = await receiverAt(fixture.store, [...Object.values(fixture.buckets), 'no-such-bucket']);
  const own: Store = { ...fixture.store, close: async () => undefined };
  const store = withReceivers(own, {
    receivers: [openReceiver({ url: host.url, token })],
    deadlineMs: 30_000,
    clock: systemClock,
    random: Math.random,
    onReach: (_url, _place, reason) => {
      if (reason !== undefined) throw new Error(`the receiver was not used: ${reason}`);
    },
  });
  return {
    ...fixture,
    store,
    async close() {
      await store.close();
      await host.stop();
      await fixture.close();
    },
  };
}

describeStacks('through a receiver beside MinIO', async () => aided(await minioFixture()));
describeStacks('through a receiver beside a store in memory', async () => aided(await memoryFixture()));
