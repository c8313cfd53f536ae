/** The bucket behind the ledger, as one process sees it. */
import type { LedgerBucket } from '../../infra/bus/ledger.ts';
import type { Deliver, SimBucket } from './buckets.ts';

export function ledgerBucketOf(bucket: SimBucket, deliver: Deliver): LedgerBucket {
  return {
    put: (key, value) => deliver('ledger put', key, () => bucket.set(key, value, 'PUT')),
    async history({ key }) {
      const found = await deliver('ledger read', key, () => bucket.all(key));
      return (async function* () {
        yield* found;
      })();
    },
    purge: (key, { previousSeq }) =>
      deliver('ledger purge', key, () => void bucket.set(key, '', 'PURGE', previousSeq)),
  };
}
