/**
 * The exceptions of a deployment in NATS KV: `<link>.<state>.<kind>.<version's hash>`. Empty on a healthy day but for
 * purges that wait for their second look. What is due goes back on the stream and out of the ledger.
 */
import type { KV, KvEntry } from '@nats-io/kv';
import { z } from 'zod';
import { type CausewayEvent, readEvent } from '../../events/cloudevent.ts';
import { identify } from '../../events/identity.ts';
import type { Clock, RetryMemory } from '../../functions/ports.ts';
import type { EventLog, Ledger, LedgerEntry } from '../host/ports.ts';

/** What the ledger asks of a KV bucket. */
export interface LedgerBucket extends Pick<KV, 'put'> {
  /** The entries that are there now, of the keys that match. */
  history(of: { readonly key: string }): Promise<AsyncIterable<LedgerRecord>>;
  /** Removes an entry unless it changed since. */
  purge(key: string, options: { readonly previousSeq: number }): Promise<void>;
}
export type LedgerRecord = Pick<KvEntry, 'key' | 'revision' | 'operation' | 'json'>;

const entrySchema = z.object({
  link: z.string(),
  event: z.unknown().transform(readEvent),
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

/**
 * Work on one version is the same work, whichever event brought it; but a marker's creation and its removal have one
 * name, and only their times tell one from the other.
 */
function aboutOf({ id, type, data }: CausewayEvent): (string | undefined)[] {
  if (!('bucket' in data)) return [id];
  const version = [data.bucket, data.key, data.versionId];
  return type === 'com.amazonaws.s3.ObjectRemoved:DeleteMarkerCreated' ? [...version, id] : version;
}

function keyOf({ link, state, event }: LedgerEntry): string {
  return `${link}.${state}.${kindOf(event)}.${identify(...aboutOf(event))}`;
}

/** Undefined for what cannot be read: another version of Causeway wrote it, and may read it. */
function entryOf(stored: LedgerRecord): LedgerEntry | undefined {
  try {
    return entrySchema.parse(stored.json());
  } catch {
    return undefined;
  }
}

/** Released at once, so that one slice's memory is bounded. */
const releaseBatch = 256;

export function createLedger(bucket: LedgerBucket, log: EventLog, clock: Clock): StoredLedger {
  async function* read(link?: string) {
    for await (const stored of await bucket.history({ key: link === undefined ? '>' : `${link}.>` })) {
      if (stored.operation !== 'PUT') continue;
      const entry = entryOf(stored);
      if (entry) yield { key: stored.key, revision: stored.revision, entry };
    }
  }

  return {
    async put(entry) {
      await bucket.put(keyOf(entry), JSON.stringify(entry));
    },
    async *entries(link) {
      for await (const { entry } of read(link)) yield entry;
    },
    async releaseDue(link) {
      let released = 0;
      let due: { key: string; revision: number; entry: LedgerEntry }[] = [];
      const release = async () => {
        await log.publish(
          due.map(({ entry: { event, attempts, nextTry } }) => ({ event, link, attempts, due: nextTry })),
        );
        // An entry that changed meanwhile is newer work: it stays.
        await Promise.allSettled(
          due.map(({ key, revision }) => bucket.purge(key, { previousSeq: revision })),
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
