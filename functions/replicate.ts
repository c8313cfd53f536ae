/**
 * Sends object versions to one target: one by one, or many small ones in a stack.
 *
 * on:        an object version was created at the source (by a client, or by a replica's arrival), or is due again
 * emits:     version.sent, which verify takes; delete.due where the version has gone from the source meanwhile;
 *            version.due for the rest of a large version, where a slice of it is all that one request has time for
 * guarantee: the target holds the version under its own ID, with the source's time, ETag, content, headers, metadata
 *            and tags, or nothing at all; content is checked before it is sent. A repeat changes nothing. A version
 *            ID that holds other content at the target is never overwritten.
 */
import type { EventOf } from '../events/cloudevent.ts';
import { createdEvents } from '../events/object-events.ts';
import { defineFunction } from './define.ts';
import { replicateOne } from './replication/one-version.ts';
import type { ToSend } from './replication/sending.ts';
import { stackUp } from './replication/stacking.ts';

const on = [
  'com.amazonaws.s3.ObjectCreated:Put',
  'com.amazonaws.s3.ObjectCreated:Post',
  'com.amazonaws.s3.ObjectCreated:Copy',
  'com.amazonaws.s3.ObjectCreated:CompleteMultipartUpload',
  'dev.causeway.version.arrived.v1',
  'dev.causeway.version.due.v1',
] as const;

type Created = EventOf<(typeof on)[number]>;

export const replicate = defineFunction({
  name: 'replicate',
  on,
  emits: ['dev.causeway.version.sent.v1', 'dev.causeway.delete.due.v1', 'dev.causeway.version.due.v1'],
  handle: (event, context) => replicateOne(context, pointed(event)),
  handleBatch: (events, context) => stackUp(events.map(pointed), context),
});

const live: ReadonlySet<string> = new Set(createdEvents.map((name) => `com.amazonaws.s3.${name}`));

const pointed = ({ type, data }: Created): ToSend => ({ ...data, isFresh: live.has(type) });
