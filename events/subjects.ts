/** Where each event is published on NATS: subjects carry site, bucket, kind and the key's hash. */
import { catalogue } from './catalogue.ts';
import type { CausewayEvent } from './cloudevent.ts';
import { keyHash } from './identity.ts';

/** Bucket names may hold dots, subject tokens may not; no bucket name holds an underscore. */
const token = (bucket: string): string => bucket.replaceAll('.', '_');

const kind = (type: string): string =>
  type.replace(/^com\.amazonaws\.s3\.|^dev\.causeway\./, '').replaceAll(/[.:]/g, '-');

export const rawSubject = (site: string): string => `causeway.raw.${site}`;
export const bucketSubject = (site: string, bucket: string): string =>
  `causeway.object.${site}.${token(bucket)}.>`;
export const linkSubject = (link: string): string => `causeway.link.${link}.>`;
export const deadSubject = (link: string): string => `causeway.dead.${link}`;
/** What happens to the snapshots of the cluster beside a site, and to what is shipped from there. */
export const snapshotSubject = (cluster: string): string => `causeway.snapshot.${cluster}.>`;
export const scheduleSubject = (link: string): string => `causeway.schedule.${link}`;

/** Every event about one key at one site and bucket, in the stream's order. */
export const keySubjects = (bucket: string, key: string): string[] => {
  const hash = keyHash(bucket, key);
  return [`causeway.object.*.${token(bucket)}.*.${hash}`, `causeway.link.*.*.${hash}`];
};

/** The subject an event is published on; `link` sends it to that link alone (a retry, a replayed dead letter). */
export function subjectOf(event: CausewayEvent, link?: string): string {
  const { data } = event;
  const hash = 'bucket' in data ? keyHash(data.bucket, data.key) : '-';
  if (link !== undefined) return `causeway.link.${link}.${kind(event.type)}.${hash}`;
  switch (catalogue[event.type].subject) {
    case 'object':
      return 'site' in data
        ? `causeway.object.${data.site}.${token(data.bucket)}.${kind(event.type)}.${hash}`
        : '';
    case 'link':
      return `causeway.link.${'link' in data ? data.link : '-'}.${kind(event.type)}.${hash}`;
    case 'snapshot':
      return 'uid' in data
        ? `causeway.snapshot.${data.cluster}.${data.namespace}.${kind(event.type)}.${keyHash(data.kind, data.uid)}`
        : '';
    case 'volume': {
      if (!('volume' in data)) return '';
      const { site, namespace, replication, claim } = data.volume;
      return `causeway.snapshot.${site}.${namespace}.${kind(event.type)}.${keyHash(replication, claim)}`;
    }
    case 'schedule':
      return `causeway.schedule.${'link' in data ? data.link : '-'}`;
    case 'dead':
      return deadSubject('link' in data && data.link ? data.link : 'unplaced');
  }
}
