/**
 * An HTTP request → the event that it delivers: structured or binary mode (CloudEvents HTTP binding 1.0), or a batch.
 * Beside the event itself, two extension attributes say what a retry is: the one link it is for, and the tries counted
 * so far.
 */
import { HTTP } from 'cloudevents';
import { z } from 'zod';
import { batchContentType } from '../../events/batch-outcomes.ts';
import { type CausewayEvent, contentType, EventError, readEvent } from '../../events/cloudevent.ts';
import { messageOf } from '../../functions/errors.ts';
import type { HttpRequest } from './http-server.ts';

export interface Delivery {
  readonly event: CausewayEvent;
  /** For this link alone. */
  readonly link: string | undefined;
  /** Failed tries before this one, as far as they were counted. */
  readonly attempts: number;
}

/** What one request may bring. */
export const mostInRequest = { events: 500, bytes: 1024 * 1024 } as const;

/** Names of the extension attributes; a header may have made a text of a number. */
const extensionsSchema = z.object({
  causewaylink: z.string().min(1).optional(),
  causewayattempts: z.coerce.number().int().nonnegative().default(0),
});
export const extensionsOf = (link: string | undefined, attempts: number | undefined) => ({
  ...(link === undefined ? {} : { causewaylink: link }),
  ...(attempts === undefined ? {} : { causewayattempts: attempts }),
});

/** Throws EventError. */
export function readDelivery(value: unknown): Delivery {
  const event = readEvent(value);
  const extensions = extensionsSchema.safeParse(value);
  if (!extensions.success) throw new EventError('malformed', z.prettifyError(extensions.error));
  const { causewaylink: link, causewayattempts: attempts } = extensions.data;
  return { event, link, attempts };
}

const mediaType = (headers: HttpRequest['headers']): string => {
  const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(';');
  return type.trim();
};

/** The events of a batch as plain JSON, not yet looked at; undefined where it is none. Throws EventError. */
export function batchOf(headers: HttpRequest['headers'], body: Buffer): readonly unknown[] | undefined {
  if (mediaType(headers) !== batchContentType) return undefined;
  const batch = z.array(z.unknown()).safeParse(parse(body.toString('utf8')));
  if (!batch.success) throw new EventError('malformed', 'a batch is an array of events');
  return batch.data.map(withData);
}

const named = z.object({ id: z.string().min(1) });
/** Of an event that may be none. */
export const idOf = (value: unknown): string | undefined => named.safeParse(value).data?.id;

/** The event of a request as plain JSON, not yet looked at. Throws EventError where it is none. */
export function attributesOf(headers: HttpRequest['headers'], body: Buffer): unknown {
  const text = body.toString('utf8');
  switch (mediaType(headers)) {
    case contentType:
      return withData(parse(text));
    case batchContentType:
      throw new EventError('malformed', 'a batch of events is not taken: send each in a request of its own');
    default:
      if (headers['ce-id'] === undefined) {
        throw new EventError(
          'malformed',
          `not a CloudEvent: it needs the content type application/cloudevents+json, or ce- headers`,
        );
      }
      return binary(headers, text);
  }
}

function binary(headers: HttpRequest['headers'], body: string): unknown {
  const decoded = Object.entries(headers).map(([name, value]) => [
    name,
    name.startsWith('ce-') ? percentDecoded(String(value)) : value,
  ]);
  try {
    return JSON.parse(JSON.stringify(HTTP.toEvent({ headers: Object.fromEntries(decoded), body })));
  } catch (error) {
    throw new EventError('malformed', `not a CloudEvent: ${messageOf(error)}`);
  }
}

/** As the binding wants it (3.1.3.2), which the package leaves to others; Node reads a header's bytes as latin1. */
function percentDecoded(header: string): string {
  const text = Buffer.from(header, 'latin1').toString('utf8');
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EventError('malformed', `not JSON: ${messageOf(error)}`);
  }
}

/** On its way data may have been taken for bytes. */
function withData(value: unknown): unknown {
  const encoded = z.looseObject({ data: z.undefined().optional(), data_base64: z.string() }).safeParse(value);
  if (!encoded.success) return value;
  const { data_base64, ...event } = encoded.data;
  return { ...event, data: parse(Buffer.from(data_base64, 'base64').toString('utf8')) };
}
