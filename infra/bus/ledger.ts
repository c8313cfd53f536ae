/**
 * The exceptions of a deployment in NATS KV: `<link>.<kind>.<version's hash>`. Empty on a healthy day but for purges
 * that wait for their second look. What is due goes back on the stream and out of the ledger.
 */
import type { KV } from '@nats-io/kv';
import { z } from 'zod';
import { type CausewayEvent, readEvent } from '../../events/cloudevent.ts';
import { identify } from '../../events/identity.ts';
import type { Clock, RetryMemory } from '../../functions/ports.ts';
import type { EventLog, Ledger, LedgerEntry } from '../host/ports.ts';

const entrySchema = z.object({
  link: z.string(),
  event: z.unknown(),
  reason: z.string(),
  attempts: z.number(),
  nextTry: z.number(),
  state: z.enum(['failed', 'planned']),
});

export interface StoredLedger extends Ledger, RetryMemory {
  /** Everything that is in it, of one link or of all. */
  entries(link?: string): AsyncIterable<LedgerEntry>;
}

const kindOf = (event: CausewayEvent): string => event.type.replaceAll(/[^A-Za-z]/g, '-');

function keyOf(link: string, event: CausewayEvent): string {
  const version = 'bucket' in event.data ? [event.data.bucket, event.data.key, event.data.versionId] : [];
  return `${link}.${kindOf(event)}.${identify(...version)}`;
}

/** Released at once, so that one slice's memory is bounded. */
const releaseBatch = 256;

export function createLedger(kv: KV, log: EventLog, clock: Clock): StoredLedger {
  async function* read(link?: string) {
    const history = await kv.history({ key: link === undefined ? '>' : `${link}.>` });
    for await (const stored of history) {
      if (stored.operation !== 'PUT') continue;
      const { event, ...entry } = entrySchema.parse(stored.json());
      yield { key: stored.key, revision: stored.revision, entry: { ...entry, event: readEvent(event) } };
    }
  }

  return {
    async put(entry) {
      await kv.put(keyOf(entry.link, entry.event), JSON.stringify(entry));
    },
    async *entries(link) {
      for await (const { entry } of read(link)) yield entry;
    },
    async releaseDue(link) {
      let released = 0;
      let due: { key: string; revision: number; entry: LedgerEntry }[] = [];
      const release = async () => {
        await log.publish(due.map(({ entry }) => ({ event: entry.event, link, attempts: entry.attempts })));
        // An entry that changed meanwhile is newer work: it stays.
        await Promise.allSettled(
          due.map(({ key, revision }) => kv.purge(key, { previousSeq: revision, ttl: '1m' })),
        );
        released += due.length;
        due = [];
      };
      for await (const found of read(link)) {
        if (found.entry.nextTry > clock.now()) continue;
        due.push(found);
        if (due.length >= releaseBatch) await release();
      }
      if (due.length > 0) await release();
      return released;
    },
  };
}
