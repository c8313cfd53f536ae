/**
 * MinIO's notification → a CloudEvent. MinIO speaks its own JSON: `{EventName, Key, Records: [one]}`, over NATS and
 * webhook alike (pinned byte for byte by tests).
 *
 * - `s3.object.key` is query-escaped, the top-level Key is not.
 * - `size` is left out when it is 0.
 * - `sequencer` is the version's modification time in hexadecimal nanoseconds: exact for puts, and for a marker that
 *   was made alone, which an empty response tells from one among many.
 * - Deleting a missing key says ObjectRemoved:NoOP: nothing happened.
 * - Deleting a marker by its ID says DeleteMarkerCreated with that ID: whoever handles it asks the source.
 * - What a lifecycle rule removes with all its versions names the latest only; lifecycle events have no request ID.
 */
import { z } from 'zod';
import { type CausewayEvent, EventError, makeEvent } from '../cloudevent.ts';
import { identify } from '../identity.ts';
import { createdEvents, metadataEvents, objectEventSchema, removedEvents } from '../object-events.ts';
import { fromNanoseconds } from '../times.ts';

const recordSchema = z.object({
  eventTime: z.string(),
  responseElements: z
    .object({ 'x-amz-request-id': z.string().optional(), 'content-length': z.string().optional() })
    .optional(),
  s3: z.object({
    // What else it might hold would not be one token of a NATS subject.
    bucket: z.object({ name: z.string().regex(/^[A-Za-z0-9.-]{1,255}$/, 'must be a bucket name') }),
    object: z.object({
      key: z.string().min(1),
      size: z.number().int().nonnegative().optional(),
      eTag: z.string().optional(),
      versionId: z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
  source: z.object({ userAgent: z.string().optional() }).optional(),
});
const notificationSchema = z.object({
  Records: z
    .array(z.looseObject({ eventName: z.string() }))
    .min(1)
    .max(1000),
});

const known = [...createdEvents, ...metadataEvents, ...removedEvents] as const;
const created: ReadonlySet<string> = new Set(createdEvents);
/** Every version of the key is gone, whichever one is named. */
const ofAllVersions: ReadonlySet<string> = new Set([
  'ObjectRemoved:DeleteAllVersions',
  'LifecycleDelMarkerExpiration:Delete',
]);

/** Nothing that replication has to act on; named so that it can be counted. */
export interface Ignored {
  readonly ignored: string;
}

/** One event for each record. Throws EventError for what is no notification. */
export function fromMinio(site: string, notification: unknown): (CausewayEvent | Ignored)[] {
  return parse(notificationSchema, notification).Records.map((record) => {
    const eventName = record.eventName.replace(/^s3:/, '');
    const name = known.find((candidate) => candidate === eventName);
    return name ? fromRecord(site, name, parse(recordSchema, record)) : { ignored: eventName };
  });
}

function parse<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EventError('malformed', `not a MinIO notification: ${z.prettifyError(parsed.error)}`);
}

function fromRecord(
  site: string,
  name: (typeof known)[number],
  record: z.infer<typeof recordSchema>,
): CausewayEvent {
  const { eventTime } = record;
  const { bucket, object } = record.s3;
  const key = unescapeKey(object.key);
  const versionId = ofAllVersions.has(name) ? undefined : object.versionId || undefined;
  const requestId = record.responseElements?.['x-amz-request-id'] || undefined;
  // Two tag changes of one version differ in nothing but the request.
  const occurrence = requestId ? [requestId] : [object.sequencer, eventTime];
  const id = identify(site, bucket.name, key, versionId, name, ...occurrence);
  const data = parse(objectEventSchema, {
    site,
    bucket: bucket.name,
    key,
    ...(versionId === undefined ? {} : { versionId }),
    size: object.size ?? 0,
    ...(object.eTag === undefined ? {} : { etag: object.eTag }),
    ...(isExact(name, record) ? modifiedOf(object.sequencer) : {}),
    eventTime,
    ...(requestId === undefined ? {} : { requestId }),
    ...(record.source?.userAgent === undefined ? {} : { userAgent: record.source.userAgent }),
  });
  const source = `minio:s3.${site}.${bucket.name}`;
  return makeEvent({ type: `com.amazonaws.s3.${name}`, data }, { id, source, time: eventTime });
}

function unescapeKey(escaped: string): string {
  try {
    return decodeURIComponent(escaped.replaceAll('+', ' '));
  } catch {
    throw new EventError('malformed', `the key is not query-escaped: ${escaped.slice(0, 200)}`);
  }
}

function isExact(name: (typeof known)[number], { responseElements }: z.infer<typeof recordSchema>): boolean {
  const isMarker = name === 'ObjectRemoved:DeleteMarkerCreated';
  return created.has(name) || (isMarker && responseElements?.['content-length'] === '0');
}

function modifiedOf(sequencer: string | undefined): { modified?: string } {
  if (sequencer === undefined || !/^[0-9A-Fa-f]{1,16}$/.test(sequencer)) return {};
  return { modified: fromNanoseconds(BigInt(`0x${sequencer}`)) };
}
