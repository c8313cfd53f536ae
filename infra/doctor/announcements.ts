/** What a bucket announces, to which of Causeway's notification targets. */
import { createdEvents, metadataEvents } from '../../events/object-events.ts';
import { scan } from '../stores/xml.ts';

export interface Announcement {
  readonly arn: string;
  /** As MinIO names them: s3:ObjectCreated:*. */
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
}

/** From the answer to GET ?notification. MinIO leaves out targets that its environment does not define any longer. */
export function announcementsOf(xml: string): Announcement[] {
  const found: Announcement[] = [];
  let queue: { arn: string; events: string[]; prefix: string; suffix: string } | undefined;
  let rule = '';
  scan(xml, {
    open(name) {
      if (name === 'QueueConfiguration') queue = { arn: '', events: [], prefix: '', suffix: '' };
    },
    close(name) {
      if (name === 'QueueConfiguration' && queue) found.push(queue);
    },
    leaf(name, text) {
      if (!queue) return;
      if (name === 'Queue') queue.arn = text;
      else if (name === 'Event') queue.events.push(text);
      else if (name === 'Name') rule = text.toLowerCase();
      else if (name === 'Value' && rule === 'prefix') queue.prefix = text;
      else if (name === 'Value' && rule === 'suffix') queue.suffix = text;
    },
  });
  return found;
}

/** What mc's `put` and `delete` stand for; the end of a lifecycle is announced by neither, and found by the scan. */
const wanted = [
  ...createdEvents,
  ...metadataEvents,
  'ObjectRemoved:Delete',
  'ObjectRemoved:DeleteMarkerCreated',
].map((name) => `s3:${name}`);

const covers = (pattern: string, event: string): boolean =>
  pattern.endsWith('*') ? event.startsWith(pattern.slice(0, -1)) : pattern === event;

/** Events, under these prefixes, of which a target is not told; undefined where it is told of nothing at all. */
export function gapsOf(
  announcements: readonly Announcement[],
  arn: string,
  prefixes: readonly string[],
): string[] | undefined {
  const own = announcements.filter((announcement) => isArn(announcement.arn, arn));
  if (own.length === 0) return undefined;
  return prefixes.flatMap((prefix) =>
    wanted
      .filter(
        (event) =>
          !own.some(
            (one) =>
              one.suffix === '' &&
              prefix.startsWith(one.prefix) &&
              one.events.some((pattern) => covers(pattern, event)),
          ),
      )
      .map((event) => (prefix === '' ? event : `${event} under ${prefix}`)),
  );
}

/** A server that has a region puts it into its ARNs. */
const isArn = (given: string, arn: string): boolean => given.replace(/^(arn:minio:sqs:)[^:]*/, '$1') === arn;

export const withRegion = (arn: string, region: string): string => arn.replace('sqs::', `sqs:${region}:`);
