/** What walks remember, in NATS KV, and what they ask of the stream. */
import type { KV } from '@nats-io/kv';
import { z } from 'zod';
import { identify } from '../../events/identity.ts';
import type { OrphanMemory, WalkMemory } from '../../functions/ports.ts';
import type { Bus } from './connection.ts';
import { streamNames } from './streams.ts';

const walkSchema = z.object({
  round: z.number(),
  cursor: z.string().optional(),
  counted: z.number(),
  counting: z.number(),
  purged: z.number(),
  roundStarted: z.string(),
  hurry: z.boolean(),
  frozen: z.boolean(),
  since: z.string(),
  stream: z.string(),
  sourceCreated: z.string(),
  targetCreated: z.string(),
});

export function createWalkMemory({ manager }: Bus, kv: KV): WalkMemory {
  return {
    async load(link) {
      const stored = await kv.get(link);
      if (stored?.operation !== 'PUT') return undefined;
      const { cursor, ...state } = walkSchema.parse(stored.json());
      return { ...state, cursor };
    },
    async save(link, state) {
      await kv.put(link, JSON.stringify(state));
    },
    async streamIdentity(link) {
      const [stream, consumer] = await Promise.all([
        manager.streams.info(streamNames.events),
        manager.consumers.info(streamNames.events, link),
      ]);
      const waiting = consumer.num_pending + consumer.num_ack_pending > 0;
      // Retention may have taken events that this link had not handled yet.
      const passed = waiting && consumer.ack_floor.stream_seq + 1 < stream.state.first_seq;
      return passed ? `${stream.created}/${consumer.ack_floor.stream_seq}` : stream.created;
    },
    async backlog(link) {
      try {
        const consumer = await manager.consumers.info(streamNames.events, link);
        return consumer.num_pending + consumer.num_ack_pending;
      } catch {
        return 0;
      }
    },
  };
}

export function createOrphanMemory(kv: KV): OrphanMemory {
  const nameOf = (link: string, ref: { bucket: string; key: string; versionId: string }): string =>
    `${link}.${identify(ref.bucket, ref.key, ref.versionId)}`;
  return {
    async seenIn(link, ref) {
      const stored = await kv.get(nameOf(link, ref));
      return stored?.operation === 'PUT' ? z.number().parse(stored.json()) : undefined;
    },
    async remember(link, ref, round) {
      await kv.put(nameOf(link, ref), JSON.stringify(round));
    },
    async forget(link, ref) {
      await kv.delete(nameOf(link, ref));
    },
  };
}
