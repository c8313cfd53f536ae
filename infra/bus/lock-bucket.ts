/** The locks' bucket on JetStream: a right that was released leaves no tombstone, however many there are in an hour. */
import type { KV } from '@nats-io/kv';
import type { Bus } from './connection.ts';
import type { LockBucket } from './key-locks.ts';
import { bucketNames } from './streams.ts';

export const createLockBucket = ({ manager }: Bus, kv: KV): LockBucket => ({
  create: (key, value) => kv.create(key, value),
  get: (key) => kv.get(key),
  update: (key, value, revision) => kv.update(key, value, revision),
  async delete(_key, { previousSeq }) {
    // A right that somebody took over has another sequence, and this one is gone already.
    await manager.streams.deleteMessage(`KV_${bucketNames.locks}`, previousSeq, false);
  },
});
