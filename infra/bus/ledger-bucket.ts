/**
 * The ledger's bucket on JetStream. It is read as a stream, a bounded page at a time: the KV client's own way holds
 * all of it at once, and never ends when NATS is restarted in between. What is removed leaves no tombstone.
 */
import type { JsMsg } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import type { LedgerEntry } from '../host/ports.ts';
import type { Bus } from './connection.ts';
import type { LedgerBucket, LedgerRecord } from './ledger.ts';
import { countMessages, readStream } from './read-stream.ts';
import { bucketNames } from './streams.ts';

const stream = `KV_${bucketNames.ledger}`;
const prefix = `$KV.${bucketNames.ledger}.`;

export function createLedgerBucket(bus: Bus, kv: KV): LedgerBucket {
  async function* history(filter: string): AsyncGenerator<LedgerRecord> {
    for await (const message of readStream(bus, stream, { subjects: [prefix + filter] }))
      yield recordOf(message);
  }
  return {
    put: (key, value, options) => kv.put(key, value, options),
    history: ({ key }) => Promise.resolve(history(key)),
    async purge(_key, { previousSeq }) {
      // An entry that was put again has another sequence, and this one is gone already.
      await bus.manager.streams.deleteMessage(stream, previousSeq, false);
    },
  };
}

const recordOf = (message: JsMsg): LedgerRecord => ({
  key: message.subject.slice(prefix.length),
  revision: message.seq,
  operation: operationOf(message),
  json: <Value>() => message.json<Value>(),
});

function operationOf(message: JsMsg): KvEntry['operation'] {
  const operation = message.headers?.get('KV-Operation');
  return operation === 'DEL' || operation === 'PURGE' ? operation : 'PUT';
}

export type LedgerCounts = Readonly<Record<LedgerEntry['state'], number>>;

/** The number of a link's entries, which costs the same however many there are, and next to nothing for none. */
export async function countLedger(bus: Bus, link: string): Promise<LedgerCounts> {
  const { state } = await bus.manager.streams.info(stream);
  if (state.messages === 0) return { failed: 0, planned: 0 };
  const count = (of: LedgerEntry['state']) => countMessages(bus, stream, [`${prefix}${link}.${of}.>`]);
  return { failed: await count('failed'), planned: await count('planned') };
}
