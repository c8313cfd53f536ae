/** A durable pull consumer as a feed. It outlives the server: when stream and consumer are made again, it goes on. */
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Feed, HeldMessage } from '../host/ports.ts';
import { type Acks, createAcks } from './acks.ts';
import type { Bus } from './connection.ts';
import { attemptsHeader } from './event-log.ts';

/** Messages asked for ahead of need; the consumer's own bound is what counts. */
const pullAhead = 1024;
const retryOpenMs = 500;

function held(message: JsMsg, acks: Acks): HeldMessage {
  return {
    body: message.data,
    sequence: message.seq,
    attempts: message.info.deliveryCount - 1 + Number(message.headers?.get(attemptsHeader) || 0),
    stored: message.time.getTime(),
    ack: () => {
      acks.add(() => message.ack());
      return Promise.resolve();
    },
    nak: (afterMs) => message.nak(afterMs > 0 ? afterMs : undefined),
    working: () => message.working(),
  };
}

export interface FeedOptions {
  /** How long an acknowledgement may wait for others; by default it does not. */
  readonly acksWithinMs?: number;
}

export function createFeed(
  { jetstream, presence }: Bus,
  stream: string,
  consumer: string,
  { acksWithinMs = 0 }: FeedOptions = {},
): Feed {
  return {
    async open(onMessage) {
      const acks = createAcks(acksWithinMs);
      let closed = false;
      let current: ConsumerMessages | undefined;

      // The client would look for the consumer at a pace of its own: once, and then half a minute later.
      const forget = presence.onLoss(() => current?.stop());

      /** Ends a pull that the server has forgotten. */
      async function watchHeartbeats(messages: ConsumerMessages): Promise<void> {
        for await (const { type } of messages.status()) if (type === 'heartbeats_missed') messages.stop();
      }

      async function pullForEver(): Promise<void> {
        while (!closed) {
          try {
            const source = await jetstream.consumers.get(stream, consumer);
            current = await source.consume({
              max_messages: pullAhead,
              // A pull that found the consumer gone ends here, and the consumer is got again.
              abort_on_missing_resource: true,
            });
            if (closed) {
              current.stop();
              break;
            }
            watchHeartbeats(current).catch(() => undefined);
            for await (const message of current) onMessage(held(message, acks));
          } catch {
            // The server, the stream or the consumer is away; whoever keeps them makes them again.
          }
          if (!closed) await new Promise((resolve) => setTimeout(resolve, retryOpenMs));
        }
      }

      const ended = pullForEver();
      return {
        async close() {
          closed = true;
          forget();
          acks.close();
          current?.stop();
          await ended;
        },
      };
    },
  };
}
