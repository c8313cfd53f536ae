/** What walks remember, in NATS KV, and what they ask of the stream. */
import type { KV } from '@nats-io/kv';
import { z } from 'zod';
import { identify } from '../../events/identity.ts';
import type { OrphanMemory, WalkMemory } from '../../functions/ports.ts';
import { backlogOf, notificationsOf } from './backlog.ts';
import type { Bus } from './connection.ts';
import { countLedger } from './ledger-bucket.ts';
import { streamNames } from './streams.ts';

const walkSchema = z.object({
  round: z.number(),
  cursor: z.string().optional(),
  counted: z.number(),
  counting: z.number(),
  suspects: z.number(),
  suspectsBefore: z.number(),
  roundStarted: z.string(),
  hurry: z.boolean(),
  frozen: z.boolean(),
  since: z.string(),
  stream: z.string(),
  sourceCreated: z.string(),
  targetCreated: z.string(),
});

/** What was known of a link's place in the stream when it was last asked for. */
const placeSchema = z.object({
  /** Of the stream and of the link's consumer: when they were made. */
  made: z.string(),
  /** Every event of the link up to this sequence was handled. */
  handled: z.number(),
  /** How often retention, or a purge, took more than was handled. */
  losses: z.number(),
});

export function createWalkMemory(bus: Bus, kv: KV): WalkMemory {
  /** Undefined where nothing usable is stored: lost memory only makes the walk start again. */
  async function recall<Value>(key: string, schema: z.ZodType<Value>): Promise<Value | undefined> {
    const stored = await kv.get(key);
    return stored?.operation === 'PUT' ? schema.safeParse(jsonOf(stored.string())).data : undefined;
  }

  return {
    async load(link) {
      const state = await recall(link, walkSchema);
      return state && { ...state, cursor: state.cursor };
    },
    async save(link, state) {
      await kv.put(link, JSON.stringify(state));
    },
    async streamIdentity(link) {
      const key = `${link}.place`;
      const known = await recall(key, placeSchema);
      // In this order: what is stored after the first answer can only add to what waits in the second.
      const { created, state } = await bus.manager.streams.info(streamNames.events);
      const backlog = await backlogOf(bus, link);
      if (!backlog) throw new Error(`link ${link} has no consumer yet`);
      const handled = backlog.oldest ? backlog.oldest.sequence - 1 : state.last_seq;
      // A consumer that was made anew starts with new events: those before it are as good as lost.
      const made = `${created}/${backlog.created}`;
      const passed = known?.made === made && state.first_seq > known.handled + 1;
      const losses = (known?.losses ?? 0) + (passed ? 1 : 0);
      await kv.put(key, JSON.stringify({ made, handled, losses }));
      return `${made}/${losses}`;
    },
    async backlog(link) {
      return (await backlogOf(bus, link))?.events ?? 0;
    },
    async hasNews(link, source) {
      const hasRetries = async () => (await countLedger(bus, link)).failed > 0;
      // In the order in which it moves: a notification becomes an event, which goes into the ledger, or comes from there.
      if ((await notificationsOf(bus, source)) > 0 || (await hasRetries())) return true;
      return ((await backlogOf(bus, link))?.events ?? 0) > 0 || (await hasRetries());
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function createOrphanMemory(kv: KV): OrphanMemory {
  const nameOf = (link: string, ref: { bucket: string; key: string; versionId: string }): string =>
    `${link}.${identify(ref.bucket, ref.key, ref.versionId)}`;
  return {
    async seenIn(link, ref) {
      const stored = await kv.get(nameOf(link, ref));
      if (stored?.operation !== 'PUT') return undefined;
      return z.number().safeParse(jsonOf(stored.string())).data;
    },
    async remember(link, ref, round) {
      await kv.put(nameOf(link, ref), JSON.stringify(round));
    },
    async forget(link, ref) {
      await kv.delete(nameOf(link, ref));
    },
  };
}
