/** The way of a site's notifications to the stream: late, twice, in another order, or never. */
import { rawSubject } from '../../events/subjects.ts';
import type { MemoryNotification } from '../../infra/stores/memory-site.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { SimStream } from './stream.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface Notifications {
  take(notification: MemoryNotification): Sent;
  /** How many are under way. */
  readonly waiting: number;
}

/** `late`: later than the walk may act upon what it sees. */
export type Sent = 'sent' | 'late' | 'lost';

export interface NotificationOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly stream: SimStream;
  readonly faults: Faults;
  readonly isNatsDown: () => boolean;
  readonly trace: (line: () => string) => void;
}

/** A site that cannot send looks again this often, as MinIO does. */
const retryMs = 3_000;
const longestDelayMs = 25_000;
const lateMs = 12_000;

export function createNotifications(options: NotificationOptions): Notifications {
  const { clock, random, stream, trace } = options;
  const { dropped, doubled, delayed } = options.faults.notifications;
  let waiting = 0;

  function send(notification: MemoryNotification, afterMs: number): void {
    waiting += 1;
    clock.after(afterMs, () => {
      waiting -= 1;
      try {
        if (options.isNatsDown()) throw new Error('NATS is away');
        stream.publish({ subject: rawSubject(notification.data.site), body: bodyOf(notification) });
      } catch {
        send(notification, retryMs);
      }
    });
  }

  const delay = (): number => (random.chance(delayed) ? longestDelayMs * random.next() : 3 * random.next());

  return {
    take(notification) {
      const { site, key, versionId = '' } = notification.data;
      const isDropped = random.chance(dropped);
      trace(
        () =>
          `${site} notifies ${notification.name} ${key} ${versionId.slice(0, 8)}${isDropped ? ': lost' : ''}`,
      );
      if (isDropped) return 'lost';
      const afterMs = delay();
      send(notification, afterMs);
      if (random.chance(doubled)) send(notification, random.chance(0.5) ? retryMs : delay());
      return afterMs > lateMs ? 'late' : 'sent';
    },
    get waiting() {
      return waiting;
    },
  };
}

/** As MinIO writes it. */
export function bodyOf({ name, sequencer, data }: MemoryNotification): Uint8Array {
  const { bucket, key, versionId, size, etag, eventTime, requestId } = data;
  const object = {
    key: encodeURIComponent(key).replaceAll('%20', '+'),
    ...(size > 0 && { size }),
    ...(etag !== undefined && { eTag: etag }),
    ...(versionId && { versionId }),
    sequencer: sequencer.toString(16).toUpperCase(),
  };
  const record = {
    eventVersion: '2.0',
    eventSource: 'minio:s3',
    eventTime,
    eventName: `s3:${name}`,
    responseElements: {
      'x-amz-request-id': requestId,
      ...(name === 'ObjectRemoved:DeleteMarkerCreated' && data.modified && { 'content-length': '0' }),
    },
    s3: { bucket: { name: bucket }, object },
  };
  const body = { EventName: `s3:${name}`, Key: `${bucket}/${key}`, Records: [record] };
  return Buffer.from(JSON.stringify(body));
}
