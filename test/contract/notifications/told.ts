/** What Causeway reads from the notifications of a site, and what the site's listing says of the same versions. */
import { expect } from 'vitest';
import { z } from 'zod';
import type { CausewayEvent } from '../../../events/cloudevent.ts';
import { fromMinio, type Ignored } from '../../../events/sources/minio.ts';
import { toMilliseconds } from '../../../events/times.ts';
import { type Recorder, site } from './recorder.ts';

export const longAgo = '2026-01-02T03:04:05.123456789Z';

export const read = (text: string): CausewayEvent | Ignored | undefined =>
  fromMinio(site, JSON.parse(text))[0];

/** What was said of so many facts, in the order of the facts; each was said twice, by each target. */
export async function heard(recorder: Recorder, folder: string, facts: number): Promise<CausewayEvent[]> {
  const messages = await recorder.heard(folder, 2 * facts);
  const events = new Map<string, CausewayEvent>();
  for (const text of messages) {
    const event = read(text);
    if (event && 'id' in event) events.set(event.id, event);
  }
  // Both targets tell one fact in the same bytes, so it has one ID; and no other has.
  expect(new Set(messages).size).toBe(facts);
  expect(events.size).toBe(facts);
  // Request IDs grow with time, and are finer than it.
  const moment = ({ time, data }: CausewayEvent): string => `${time} ${Object(data).requestId ?? ''}`;
  return [...events.values()].sort((one, other) => (moment(one) < moment(other) ? -1 : 1));
}

export const typesOf = (events: readonly CausewayEvent[]): string[] =>
  events.map(({ type }) => type.replace('com.amazonaws.s3.', ''));

/** When a listing says that the version was made, in milliseconds. */
export async function listedAt(recorder: Recorder, version: object): Promise<number> {
  const { bucket, key, versionId } = z
    .object({ bucket: z.string(), key: z.string(), versionId: z.string() })
    .parse(version);
  const listed = await recorder.s3.list(bucket, key);
  const found = listed.find((candidate) => candidate.versionId === versionId);
  return toMilliseconds(found?.modified ?? '');
}

/** When the event says so, to the nanosecond, in milliseconds. */
export function toldAt(event: CausewayEvent | undefined): number {
  const modified = event && 'modified' in event.data ? event.data.modified : undefined;
  expect(modified).toMatch(/\.\d{9}Z$/);
  return toMilliseconds(modified ?? '');
}
