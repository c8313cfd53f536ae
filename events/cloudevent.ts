/**
 * CloudEvents 1.0, as Causeway makes and reads them. Structured JSON everywhere: the binary HTTP mode of the
 * cloudevents package does not percent-encode header values, so keys with accents would break.
 */
import { z } from 'zod';
import { catalogue, type DataOf, type EventType, isEventType } from './catalogue.ts';
import { identify, keyHash, nextTraceparent, partitionKey } from './identity.ts';

export const contentType = 'application/cloudevents+json';

export interface EventOf<Type extends EventType> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: Type;
  readonly source: string;
  /** The decoded key; the link for events that are about a link; namespace/name of a Kubernetes object. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly traceparent: string;
  /** bucket/key; cluster/namespace/name. */
  readonly partitionkey: string;
  /** The id of the event that this one followed from. */
  readonly causationid?: string | undefined;
  readonly data: DataOf<Type>;
}

/** Any event of the catalogue; `type` tells the shape of `data`. */
export type CausewayEvent = { [Type in EventType]: EventOf<Type> }[EventType];

/** What a function emits: an event that has still to be given its place in the chain of causes. */
export type Draft = { [Type in EventType]: { readonly type: Type; readonly data: DataOf<Type> } }[EventType];

const envelopeSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  type: z.string().min(1).max(256),
  source: z.string().min(1).max(1024),
  time: z.string(),
  traceparent: z.string().max(128).optional(),
  causationid: z.string().max(256).optional(),
  data: z.unknown(),
});

/** Says what is wrong with a message that is no event of ours; `unknown-type` is no fault of the sender. */
export class EventError extends Error {
  override readonly name = 'EventError';
  readonly kind: 'malformed' | 'unknown-type';
  constructor(kind: 'malformed' | 'unknown-type', message: string) {
    super(message);
    this.kind = kind;
  }
}

function describe(data: Draft['data']): { subject: string; partitionkey: string } {
  if ('bucket' in data) return { subject: data.key, partitionkey: partitionKey(data.bucket, data.key) };
  if ('uid' in data) {
    const name = `${data.namespace}/${data.name}`;
    return { subject: name, partitionkey: `${data.cluster}/${name}` };
  }
  if ('volume' in data) {
    const { site, namespace, claim } = data.volume;
    return { subject: `${namespace}/${claim}`, partitionkey: `${site}/${namespace}/${claim}` };
  }
  const link = 'link' in data && data.link !== undefined ? data.link : '';
  // Two of them have nothing to do with each other, unless they tell of the same keys.
  const first = 'versions' in data ? data.versions[0] : undefined;
  return { subject: link, partitionkey: first ? partitionKey(link, first.key) : link };
}

/** Makes an event whose id the caller knows (sources, which hash what was notified). */
export function makeEvent(
  draft: Draft,
  place: {
    id: string;
    source: string;
    time: string;
    cause?: Pick<CausewayEvent, 'id' | 'traceparent'> | undefined;
  },
): CausewayEvent {
  const made = {
    specversion: '1.0',
    id: place.id,
    type: draft.type,
    source: place.source,
    ...describe(draft.data),
    time: place.time,
    datacontenttype: 'application/json',
    traceparent: nextTraceparent(place.cause?.traceparent),
    ...(place.cause ? { causationid: place.cause.id } : {}),
    data: draft.data,
  } as const;
  // The union cannot be rebuilt from its two halves by inference; both come from one draft.
  return made as CausewayEvent;
}

/** Makes an event that follows from another: its id is a hash of the cause, the kind and `turn`. */
export function deriveEvent(
  draft: Draft,
  cause: Pick<CausewayEvent, 'id' | 'traceparent'>,
  place: { source: string; time: string; turn?: string | number },
): CausewayEvent {
  const version = firstVersionOf(draft.data);
  const link = 'link' in draft.data ? draft.data.link : '';
  const id = identify(cause.id, draft.type, link, version, place.turn);
  return makeEvent(draft, { id, source: place.source, time: place.time, cause });
}

/** Tells apart what follows from one event. */
function firstVersionOf(data: Draft['data']): string {
  if ('bucket' in data) return `${keyHash(data.bucket, data.key)}/${data.versionId}`;
  const first = 'versions' in data ? data.versions[0] : undefined;
  return first ? `${keyHash('', first.key)}/${first.versionId}` : '';
}

/** Reads an event from what JSON.parse or the cloudevents package gave. Throws EventError. */
export function readEvent(value: unknown): CausewayEvent {
  const envelope = envelopeSchema.safeParse(value);
  if (!envelope.success)
    throw new EventError('malformed', `not a CloudEvent: ${z.prettifyError(envelope.error)}`);
  const { type, data, ...rest } = envelope.data;
  if (!isEventType(type)) throw new EventError('unknown-type', `no event type of the catalogue: ${type}`);
  const parsed = catalogue[type].schema.safeParse(data);
  if (!parsed.success) throw new EventError('malformed', `${type}: ${z.prettifyError(parsed.error)}`);
  const read = {
    ...rest,
    type,
    // They follow from the data, whatever a header on the way has made of a key.
    ...describe(parsed.data),
    datacontenttype: 'application/json',
    traceparent: rest.traceparent ?? nextTraceparent(),
    data: parsed.data,
  } as const;
  return read as CausewayEvent;
}

export const encodeEvent = (event: CausewayEvent): Uint8Array => Buffer.from(JSON.stringify(event));

/** Throws EventError. */
export function decodeEvent(bytes: Uint8Array): CausewayEvent {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw new EventError('malformed', `not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return readEvent(value);
}
