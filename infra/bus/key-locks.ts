/**
 * Exclusive rights in NATS KV, with a holder and an expiry. The holder stops starting requests well before its right
 * ends, so that a request given up at its deadline is over by then; who finds an expired right may take it. After the
 * bucket was lost nobody knows who held what: then everybody waits for one such request to end.
 */
import { randomUUID } from 'node:crypto';
import type { KV } from '@nats-io/kv';
import { z } from 'zod';
import { identify } from '../../events/identity.ts';
import type { Clock, HeldLock, KeyLock } from '../../functions/ports.ts';
import { NatsAwayError } from './presence.ts';

const rightSchema = z.object({ holder: z.string(), expires: z.number() });

/** What locks ask of a KV bucket. */
export interface LockBucket extends Pick<KV, 'create' | 'get' | 'update'> {
  /** Removes a right unless it changed since. */
  delete(key: string, options: { readonly previousSeq: number }): Promise<void>;
}

export interface KeyLockOptions {
  readonly clock: Clock;
  readonly requestMs: number;
  /** When the bucket was made: milliseconds since 1970. */
  readonly madeAt: () => Promise<number>;
}

export function createKeyLocks(kv: LockBucket, { clock, requestMs, madeAt }: KeyLockOptions): KeyLock {
  const holder = randomUUID();
  const lifetimeMs = 4 * requestMs;

  async function take(name: string, right: Uint8Array): Promise<number | undefined> {
    try {
      return await kv.create(name, right);
    } catch (error) {
      if (error instanceof NatsAwayError) throw error;
      const found = await kv.get(name);
      if (found?.operation !== 'PUT') return undefined;
      const { data } = rightSchema.safeParse(found.json());
      // What cannot be read may be somebody's right: it goes when the bucket forgets it.
      if (!data || clock.now() <= data.expires) return undefined;
      return kv.update(name, right, found.revision).catch(() => undefined);
    }
  }

  return {
    async acquire(site, bucket, key): Promise<HeldLock | undefined> {
      const untilSure = (await madeAt()) + requestMs - clock.now();
      if (untilSure > 0) await clock.sleep(untilSure);
      const name = identify(site, bucket, key);
      // The right runs from before it was asked for: NATS may have taken its time over it.
      const from = clock.now();
      const right = Buffer.from(JSON.stringify({ holder, expires: from + lifetimeMs }));
      const revision = await take(name, right);
      if (revision === undefined) return undefined;
      const giveUp = new AbortController();
      const left = Math.max(0, from + lifetimeMs / 2 - clock.now());
      const timer = setTimeout(() => giveUp.abort(new Error('the key lock ends')), left);
      return {
        signal: giveUp.signal,
        async release() {
          clearTimeout(timer);
          // Somebody else's by now, or the server is away: it expires by itself.
          await kv.delete(name, { previousSeq: revision }).catch(() => undefined);
        },
      };
    },
  };
}
