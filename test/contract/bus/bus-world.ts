/** A real nats-server for one test file, buses to it, and events to put on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CausewayEvent, makeEvent } from '../../../events/cloudevent.ts';
import type { Clock, Link } from '../../../functions/ports.ts';
import { type Bus, connectBus } from '../../../infra/bus/connection.ts';
import { environment } from '../../../infra/config/env.ts';
import type { NatsServers } from '../../../infra/config/nats-url.ts';
import { Secret } from '../../../infra/config/secret.ts';
import type { HeldMessage } from '../../../infra/host/ports.ts';
import { findBinary } from '../../../infra/sites/binaries.ts';
import { type NatsOptions, type NatsServer, startNats } from '../../../infra/sites/nats-server.ts';
import { links } from '../../e2e/rules.ts';

/** A binary may have to be built first. */
export const setupMs = 40 * 60_000;

export interface BusWorld {
  readonly server: NatsServer;
  readonly access: NatsServers;
  /** Closed when the world stops. */
  connect(): Promise<Bus>;
  /** Everything that JetStream had on disk is gone, as after the loss of a disk. */
  loseStore(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBusWorld(options: Pick<NatsOptions, 'sites'> = {}): Promise<BusWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-bus-'));
  const binary = await findBinary('nats-server', environment, console.error);
  const server = await startNats({ binary, dir, ...options });
  const login = { user: server.user, password: new Secret(server.password) };
  const access = { servers: [`${server.host}:${server.port}`], tls: false, login };
  const buses: Bus[] = [];
  return {
    server,
    access,
    async connect() {
      const bus = await connectBus(access);
      buses.push(bus);
      return bus;
    },
    async loseStore() {
      await server.kill();
      await rm(join(dir, 'jetstream'), { recursive: true, force: true });
      await server.start();
    },
    async stop() {
      await Promise.all(buses.map((bus) => bus.close()));
      await server.stop();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function linkOf(bucket = 'photos'): Link {
  const [link] = links({ name: bucket, sites: ['east', 'west'], bucket, direction: 'one-way' });
  if (!link) throw new Error('the rule makes no link');
  return link;
}

/** A put at site east; ids count up in this process. */
let count = 0;
export function putEvent({ bucket = 'photos', key = 'k' } = {}): CausewayEvent {
  count += 1;
  const time = new Date().toISOString();
  const data = { site: 'east', bucket, key, versionId: `v${count}`, size: 1, eventTime: time };
  return makeEvent(
    { type: 'com.amazonaws.s3.ObjectCreated:Put', data },
    { id: `put-${process.pid}-${count}`, source: `minio:s3.east.${bucket}`, time },
  );
}

/** The machine's time, with a hand that can be moved forward. */
export function movableClock(): Clock & { forward(ms: number): void; readonly slept: number[] } {
  let ahead = 0;
  const slept: number[] = [];
  return {
    slept,
    forward(ms) {
      ahead += ms;
    },
    now: () => Date.now() + ahead,
    async sleep(ms) {
      slept.push(ms);
      ahead += ms;
    },
  };
}

/** What a feed delivers, one at a time, as it comes. */
export interface Inbox {
  readonly take: (message: HeldMessage) => void;
  /** The next message; throws when none comes in time. */
  next(withinMs?: number): Promise<HeldMessage>;
  /** Those that came and were not taken. */
  readonly waiting: HeldMessage[];
}

export function createInbox(): Inbox {
  const waiting: HeldMessage[] = [];
  let awaited: PromiseWithResolvers<void> | undefined;
  return {
    waiting,
    take(message) {
      waiting.push(message);
      awaited?.resolve();
    },
    async next(withinMs = 10_000) {
      const late = AbortSignal.timeout(withinMs);
      for (;;) {
        const message = waiting.shift();
        if (message) return message;
        awaited = Promise.withResolvers();
        const fail = () => awaited?.reject(new Error(`no message within ${withinMs} ms`));
        late.addEventListener('abort', fail, { once: true });
        await awaited.promise.finally(() => late.removeEventListener('abort', fail));
      }
    },
  };
}

export const idOf = (message: HeldMessage): string =>
  JSON.parse(Buffer.from(message.body).toString('utf8')).id;

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
