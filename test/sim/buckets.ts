/** NATS KV in memory: buckets whose entries have revisions, with the methods that Causeway calls. */
import type { KV, KvEntry, KvWatchEntry } from '@nats-io/kv';
import type { Payload, QueuedIterator } from '@nats-io/transport-node';
import type { VirtualClock } from './virtual-clock.ts';

export interface SimBucket {
  readonly madeAt: number;
  /** Entries that are not deleted. */
  readonly size: number;
  get(key: string): KvEntry | null;
  all(filter: string): KvWatchEntry[];
  /** Throws where `previous` is given and not the entry's revision (0: there is none). */
  set(key: string, value: Payload, operation: KvEntry['operation'], previous?: number): number;
  lose(): void;
}

export function createBucket(name: string, clock: VirtualClock): SimBucket {
  const entries = new Map<string, KvEntry>();
  let revision = 0;
  // Before the world begins: nobody can hold anything in it any more.
  let madeAt = clock.time - 3_600_000;

  return {
    get madeAt() {
      return madeAt;
    },
    get size() {
      return [...entries.values()].filter(({ operation }) => operation === 'PUT').length;
    },
    get: (key) => entries.get(key) ?? null,
    all: (filter) =>
      [...entries.values()]
        .filter(({ key }) => filter === '>' || key.startsWith(filter.slice(0, -1)))
        .map((entry) => ({ ...entry, isUpdate: false })),
    set(key, value, operation, previous) {
      const there = entries.get(key);
      if (previous !== undefined && (there?.revision ?? 0) !== previous) {
        throw new Error(`wrong last sequence: ${there?.revision ?? 0}`);
      }
      revision += 1;
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      const text = (): string => Buffer.from(bytes).toString('utf8');
      entries.delete(key);
      entries.set(key, {
        bucket: name,
        key,
        rawKey: key,
        value: bytes,
        created: new Date(clock.time),
        revision,
        operation,
        length: bytes.length,
        json: () => JSON.parse(text()),
        string: text,
      });
      return revision;
    },
    lose() {
      entries.clear();
      revision = 0;
      madeAt = clock.time;
    },
  };
}

/** Brings a call to NATS, with all that may happen to it there. */
export type Deliver = <Answer>(name: string, about: string, effect: () => Answer) => Promise<Answer>;

/** One process's view of a bucket. */
export function viewOf(bucket: SimBucket, deliver: Deliver): KV {
  const nothing = (): never => {
    throw new Error('not simulated');
  };
  return {
    get: (key) => deliver('kv get', key, () => bucket.get(key)),
    async history({ key = '>' } = {}) {
      return iterator(await deliver('kv history', String(key), () => bucket.all(String(key))));
    },
    create: (key, value) =>
      deliver('kv create', key, () => {
        const there = bucket.get(key);
        return bucket.set(key, value, 'PUT', there?.operation === 'PUT' ? 0 : (there?.revision ?? 0));
      }),
    update: (key, value, revision) =>
      deliver('kv update', key, () => bucket.set(key, value, 'PUT', revision)),
    put: (key, value, options) =>
      deliver('kv put', key, () => bucket.set(key, value, 'PUT', options?.previousSeq)),
    delete: (key, options) =>
      deliver('kv delete', key, () => void bucket.set(key, '', 'DEL', options?.previousSeq)),
    purge: (key, options) =>
      deliver('kv purge', key, () => void bucket.set(key, '', 'PURGE', options?.previousSeq)),
    watch: nothing,
    status: nothing,
    keys: nothing,
    destroy: nothing,
  };
}

function iterator(entries: readonly KvWatchEntry[]): QueuedIterator<KvWatchEntry> {
  return {
    async *[Symbol.asyncIterator]() {
      yield* entries;
    },
    stop: () => undefined,
    getProcessed: () => entries.length,
    getPending: () => 0,
    getReceived: () => entries.length,
  };
}
