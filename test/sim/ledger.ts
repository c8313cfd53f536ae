/** The ledger in memory: one entry for a link, state, kind and version; what is due goes back on the stream. */
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { Clock, RetryMemory } from '../../functions/ports.ts';
import type { EventLog, Ledger, LedgerEntry } from '../../infra/host/ports.ts';
import type { Deliver, SimBucket } from './buckets.ts';

function keyOf({ link, state, event }: LedgerEntry): string {
  const version = 'bucket' in event.data ? `${event.data.key} ${event.data.versionId}` : '';
  return `${link}.${state}.${event.type}.${version}`;
}

export function ledgerOf(
  bucket: SimBucket,
  deliver: Deliver,
  log: EventLog,
  clock: Clock,
): Ledger & RetryMemory {
  const dueNow = (link: string) =>
    bucket
      .all(`${link}.>`)
      .filter(({ operation }) => operation === 'PUT')
      .map(({ key, revision, json }) => ({
        key,
        revision,
        entry: json<LedgerEntry & { event: CausewayEvent }>(),
      }))
      .filter(({ entry }) => entry.nextTry <= clock.now());

  return {
    async put(entry) {
      await deliver('ledger put', keyOf(entry), () => bucket.set(keyOf(entry), JSON.stringify(entry), 'PUT'));
    },
    async releaseDue(link) {
      const due = await deliver('ledger read', link, () => dueNow(link));
      if (due.length === 0) return 0;
      await log.publish(due.map(({ entry }) => ({ event: entry.event, link, attempts: entry.attempts })));
      // An entry that changed meanwhile is newer work: it stays.
      await Promise.allSettled(
        due.map(({ key, revision }) =>
          deliver('ledger delete', key, () => bucket.set(key, '', 'PURGE', revision)),
        ),
      );
      return due.length;
    },
  };
}
